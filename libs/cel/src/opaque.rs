//! Values of libraries that expressions see only through functions.

use std::net::IpAddr;

use flux_semver::Version;

pub(crate) mod address;
pub(crate) mod quantity;
pub(crate) mod url;

use quantity::Quantity;
use url::Url;

/// A value of a library.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Opaque {
    /// `quantity('1Gi')`
    Quantity(Quantity),
    /// `url('https://example.com')`
    Url(Url),
    /// `ip('10.0.0.1')`
    Ip(IpAddr),
    /// `cidr('10.0.0.0/8')`
    Cidr(IpAddr, u8),
    /// `semver('1.2.3')`
    Semver(Version),
    /// `format.dns1123Label()`, by its name.
    Format(&'static str),
}

impl Opaque {
    /// Returns its text, `None` if it has none.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Ip(address) => Some(address.to_string()),
            Self::Cidr(address, bits) => Some(format!("{address}/{bits}")),
            Self::Quantity(_) | Self::Url(_) | Self::Semver(_) | Self::Format(_) => None,
        }
    }

    /// Returns the name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Url(_) => "kubernetes.URL",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
        }
    }
}
