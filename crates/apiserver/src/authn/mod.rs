//! Who asks: tokens, client certificates, service accounts.

mod account_tokens;
mod certificate;
pub(crate) mod openid;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::HeaderMap;

pub(crate) use account_tokens::{AccountTokens, Claims, ISSUER};
pub use tokens::{TokenFileError, parse_token_file};

use crate::options::TokenUser;
use crate::random::Random;
use crate::status::Status;

/// Who a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Name, such as `alice` or `system:serviceaccount:NAMESPACE:NAME`.
    pub name: String,
    /// uid, empty where unknown.
    pub uid: String,
    /// Groups, `system:authenticated` or `system:unauthenticated` among them.
    pub groups: Vec<String>,
    /// Further attributes.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Returns the user of requests without credentials.
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..Self::default()
        }
    }

    /// Tells whether the user is in a group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    fn authenticated(mut self) -> Self {
        if !self.is_in("system:authenticated") {
            self.groups.push("system:authenticated".to_owned());
        }
        self
    }
}

/// Finds out who a request comes from.
pub(crate) struct Authenticator {
    admin_token: String,
    tokens: HashMap<String, Arc<User>>,
    anonymous: Arc<User>,
}

impl Authenticator {
    pub(crate) fn new(users: &[TokenUser], random: &Random) -> Self {
        let admin_token = random.suffix(48);
        let admin = User {
            name: "kubernetes-admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
            ..User::default()
        };
        let mut tokens = HashMap::new();
        for one in users {
            tokens.insert(one.token.clone(), Arc::new(one.user.clone().authenticated()));
        }
        tokens.insert(admin_token.clone(), Arc::new(admin.authenticated()));
        Self { admin_token, tokens, anonymous: Arc::new(User::anonymous()) }
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Returns whose a static token is.
    pub(crate) fn static_user(&self, token: &str) -> Option<Arc<User>> {
        self.tokens.get(token).cloned()
    }

    /// Returns who asks: the subject of the client's certificate, or the owner of the token; 401 for
    /// a token that nobody has. `account` looks up tokens of service accounts.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: Option<&[u8]>,
        account: impl FnOnce(&str) -> Option<User>,
    ) -> Result<Arc<User>, Status> {
        if let Some(user) = certificate.and_then(certificate::user) {
            return Ok(Arc::new(user.authenticated()));
        }
        let header = headers.get(http::header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut words = header.trim().splitn(2, ' ');
        let bearer = words.next().is_some_and(|word| word.eq_ignore_ascii_case("bearer"));
        match words.next().map(str::trim).filter(|token| bearer && !token.is_empty()) {
            None => Ok(self.anonymous.clone()),
            Some(token) => self
                .static_user(token)
                .or_else(|| account(token).map(Arc::new))
                .ok_or_else(Status::unauthorized),
        }
    }
}
