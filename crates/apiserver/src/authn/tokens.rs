//! The file of static tokens, in kube-apiserver's CSV format.

use super::User;
use crate::options::TokenUser;

/// Why a token file was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// A line has fewer than three columns, or an empty one where a value is needed.
    #[error("line {line}: needs at least token, user name and uid")]
    TooFewColumns {
        /// 1-based.
        line: usize,
    },
    /// A quote is not closed.
    #[error("line {line}: quote is not closed")]
    OpenQuote {
        /// 1-based.
        line: usize,
    },
}

/// Reads `token,user,uid,"group1,group2"` lines.
///
/// # Errors
/// A line that has too few columns or an open quote.
pub fn parse_token_file(text: &str) -> Result<Vec<TokenUser>, TokenFileError> {
    let mut users = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        if line.trim().is_empty() {
            continue;
        }
        let columns = columns(line).ok_or(TokenFileError::OpenQuote { line: line_number })?;
        let [token, name, uid, rest @ ..] = columns.as_slice() else {
            return Err(TokenFileError::TooFewColumns { line: line_number });
        };
        if token.is_empty() {
            return Err(TokenFileError::TooFewColumns { line: line_number });
        }
        let groups = rest.first().map(String::as_str).unwrap_or_default();
        let groups = groups.split(',').map(str::trim).filter(|group| !group.is_empty());
        users.push(TokenUser {
            token: token.clone(),
            user: User {
                name: name.clone(),
                uid: uid.clone(),
                groups: groups.map(str::to_owned).collect(),
                ..User::default()
            },
        });
    }
    Ok(users)
}

fn columns(line: &str) -> Option<Vec<String>> {
    let mut columns = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let current = columns.last_mut()?;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                current.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            ' ' if !quoted && current.is_empty() => {}
            c => current.push(c),
        }
    }
    (!quoted).then_some(columns)
}
