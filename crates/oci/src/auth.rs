//! Who asks, and how that is proved.

use std::fmt;

use futures::future::BoxFuture;

use crate::Repository;

/// What proves who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    #[default]
    Anonymous,
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that is exchanged for others.
    Identity(String),
    /// A token that is sent as it is.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of them gets into logs.
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic",
            Self::Identity(_) => "Identity",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeychainError(pub String);

/// Finds credentials when a registry asks for them.
pub trait Keychain: Send + Sync {
    /// Returns the credentials for a repository.
    fn resolve<'a>(
        &'a self,
        repository: &'a Repository,
    ) -> BoxFuture<'a, Result<Credentials, KeychainError>>;
}

/// Has no credentials for anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Keychain for Anonymous {
    fn resolve<'a>(
        &'a self,
        _repository: &'a Repository,
    ) -> BoxFuture<'a, Result<Credentials, KeychainError>> {
        Box::pin(std::future::ready(Ok(Credentials::Anonymous)))
    }
}

/// Has the same credentials for everybody.
#[derive(Clone, Debug)]
pub struct Fixed(pub Credentials);

impl Keychain for Fixed {
    fn resolve<'a>(
        &'a self,
        _repository: &'a Repository,
    ) -> BoxFuture<'a, Result<Credentials, KeychainError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// What a registry wants to see, from its `WWW-Authenticate` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// Reads the challenges of an answer, the strongest first.
    pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut found = None;
        for header in headers {
            let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("bearer") {
                let parameters = parameters(rest);
                let get = |name: &str| {
                    let is = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
                    parameters.iter().find(is).map(|(_, value)| value.clone())
                };
                if let Some(realm) = get("realm") {
                    return Some(Self::Bearer {
                        realm,
                        service: get("service"),
                        scope: get("scope"),
                    });
                }
            } else if scheme.eq_ignore_ascii_case("basic") {
                found = Some(Self::Basic);
            }
        }
        found
    }
}

/// Takes `a="b",c=d` apart.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, tail)) = rest.split_once('=') {
        let tail = tail.trim_start();
        let (value, after) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        let key = key.trim_matches(|c: char| c == ',' || c.is_whitespace());
        found.push((key.to_owned(), value.trim().to_owned()));
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_taken_apart() {
        let header = "Bearer realm=\"https://auth.r.io/token\",service=\"r.io\",\
                      scope=\"repository:a/b:pull,push\"";
        assert_eq!(
            Challenge::parse(["Basic realm=\"x\"", header].into_iter()),
            Some(Challenge::Bearer {
                realm: "https://auth.r.io/token".to_owned(),
                service: Some("r.io".to_owned()),
                scope: Some("repository:a/b:pull,push".to_owned()),
            })
        );
        assert_eq!(Challenge::parse(["basic realm=\"x\""].into_iter()), Some(Challenge::Basic));
        assert_eq!(Challenge::parse(["Negotiate"].into_iter()), None);
        assert_eq!(Challenge::parse(["Bearer service=x"].into_iter()), None);
    }

    #[test]
    fn credentials_do_not_show() {
        let secret = Credentials::Basic { username: "u".to_owned(), password: "p".to_owned() };
        assert_eq!(format!("{secret:?}"), "Basic");
    }
}
