//! Keys and certificates of a server: made anew, or kept in the data directory.

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names under which a server is reached inside a cluster and from the same machine.
const OWN_NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "10.96.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Why keys or certificates are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read or written.
    #[error("`{}`", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key or certificate cannot be made or read.
    #[error("certificates")]
    Certificate(#[from] rcgen::Error),
    /// The kept certificate cannot be read.
    #[error("certificate in PEM")]
    Pem(#[from] rustls::pki_types::pem::Error),
}

/// The certificate authority of a server and its other keys.
pub(crate) struct Pki {
    ca_pem: String,
    ca_key: KeyPair,
    account_key: KeyPair,
}

/// What a TLS server shows.
pub(crate) struct Serving {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Pki {
    /// Makes keys, or reads those that are kept in `dir`.
    pub(crate) fn open(dir: Option<&Path>) -> Result<Self, PkiError> {
        let Some(dir) = dir.map(|dir| dir.join("pki")) else {
            return Self::generate();
        };
        let (ca, key, account) = (dir.join("ca.crt"), dir.join("ca.key"), dir.join("sa.key"));
        if ca.exists() {
            let read = |file: &Path| {
                std::fs::read_to_string(file)
                    .map_err(|source| PkiError::File { file: file.to_owned(), source })
            };
            return Ok(Self {
                ca_pem: read(&ca)?,
                ca_key: KeyPair::from_pem(&read(&key)?)?,
                account_key: KeyPair::from_pem(&read(&account)?)?,
            });
        }
        let made = Self::generate()?;
        std::fs::create_dir_all(&dir)
            .map_err(|source| PkiError::File { file: dir.clone(), source })?;
        write_private(&key, &made.ca_key.serialize_pem())?;
        write_private(&account, &made.account_key.serialize_pem())?;
        // The certificate comes last: without it everything is made anew.
        write_private(&ca, &made.ca_pem)?;
        Ok(made)
    }

    fn generate() -> Result<Self, PkiError> {
        let ca_key = KeyPair::generate()?;
        let ca_pem = ca_params()?.self_signed(&ca_key)?.pem();
        Ok(Self { ca_pem, ca_key, account_key: KeyPair::generate()? })
    }

    /// Returns the certificate of the authority.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Returns the private key for service account tokens, as PKCS 8.
    pub(crate) fn account_key_der(&self) -> &[u8] {
        self.account_key.serialized_der()
    }

    /// Returns the authority's certificate, as DER.
    pub(crate) fn ca_der(&self) -> Result<CertificateDer<'static>, PkiError> {
        Ok(CertificateDer::from_pem_slice(self.ca_pem.as_bytes())?)
    }

    /// Makes a serving certificate for the usual names and some more.
    pub(crate) fn serving(&self, names: &[String]) -> Result<Serving, PkiError> {
        let key = KeyPair::generate()?;
        let all = OWN_NAMES.iter().map(|name| (*name).to_owned()).chain(names.iter().cloned());
        let mut params = CertificateParams::new(all.collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = self.sign(&params, &key)?;
        Ok(Serving {
            chain: vec![certificate.der().clone(), self.ca_der()?],
            key: PrivateKeyDer::Pkcs8(key.serialized_der().to_vec().into()),
        })
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Result<Certificate, PkiError> {
        let authority = ca_params()?;
        let issuer = Issuer::from_params(&authority, &self.ca_key);
        Ok(params.signed_by(key, &issuer)?)
    }
}

fn ca_params() -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::CrlSign,
    ];
    Ok(params)
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(file: &Path, text: &str) -> Result<(), PkiError> {
    let write = || {
        let next = file.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&next)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&next, file)
    };
    write().map_err(|source| PkiError::File { file: file.to_owned(), source })
}
