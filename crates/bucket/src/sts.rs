//! Temporary credentials for those who are known elsewhere.

use reqwest::Url;

use crate::http::{Connection, read, send, shown};
use crate::{Error, S3Access, xml};

/// Somebody in a directory.
pub struct LdapIdentity {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Gets temporary credentials for somebody in a directory, from a service that speaks like AWS's.
///
/// # Errors
/// See [`Error`].
pub async fn ldap_credentials(
    endpoint: &str,
    identity: &LdapIdentity,
    connection: &Connection,
) -> Result<S3Access, Error> {
    let url = Url::parse(endpoint)
        .map_err(|error| Error::Setup(format!("invalid STS endpoint '{endpoint}': {error}")))?;
    let http = connection.client()?;
    let form = [
        ("Action", "AssumeRoleWithLDAPIdentity"),
        ("Version", "2011-06-15"),
        ("LDAPUsername", identity.username.as_str()),
        ("LDAPPassword", identity.password.as_str()),
    ];
    let response = send(&url, || http.post(url.clone()).form(&form)).await?;
    let text = String::from_utf8_lossy(&read(response).await?).into_owned();
    let id = xml::text(&text, "AccessKeyId");
    let secret = xml::text(&text, "SecretAccessKey");
    if id.is_empty() || secret.is_empty() {
        let what = format!("no credentials in the answer of {}", shown(&url));
        return Err(Error::Credentials(what));
    }
    Ok(S3Access::Key { id, secret, session: xml::text(&text, "SessionToken") })
}
