//! Which values of a document are encrypted.

use flux_gostd::Regexp;

/// Which values of a document are encrypted. Names are tested at every level, so what holds for
/// a map holds for all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// All but those below a name with the suffix.
    UnencryptedSuffix(String),
    /// Those below a name with the suffix.
    EncryptedSuffix(String),
    /// All but those below a name that the expression finds something in.
    UnencryptedRegex(String),
    /// Those below a name that the expression finds something in.
    EncryptedRegex(String),
    /// All but those below a comment that the expression finds something in.
    UnencryptedCommentRegex(String),
    /// Those below a comment that the expression finds something in, without that comment.
    EncryptedCommentRegex(String),
}

impl Default for Rule {
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

impl Rule {
    /// Returns the name in the metadata and what stands there.
    pub(crate) fn entry(&self) -> (&'static str, &str) {
        match self {
            Self::UnencryptedSuffix(suffix) => ("unencrypted_suffix", suffix),
            Self::EncryptedSuffix(suffix) => ("encrypted_suffix", suffix),
            Self::UnencryptedRegex(regex) => ("unencrypted_regex", regex),
            Self::EncryptedRegex(regex) => ("encrypted_regex", regex),
            Self::UnencryptedCommentRegex(regex) => ("unencrypted_comment_regex", regex),
            Self::EncryptedCommentRegex(regex) => ("encrypted_comment_regex", regex),
        }
    }
}

/// Comments that stand before a value, for every level above it.
pub(crate) type Comments = Vec<Vec<String>>;

/// A rule that is ready to be asked.
pub(crate) struct Matcher<'a> {
    rule: &'a Rule,
    /// An expression that Go could not read finds nothing.
    regex: Option<Regexp>,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(rule: &'a Rule) -> Self {
        let regex = match rule {
            Rule::UnencryptedSuffix(_) | Rule::EncryptedSuffix(_) => None,
            Rule::UnencryptedRegex(regex)
            | Rule::EncryptedRegex(regex)
            | Rule::UnencryptedCommentRegex(regex)
            | Rule::EncryptedCommentRegex(regex) => Regexp::new(regex).ok(),
        };
        Self { rule, regex }
    }

    /// Tells whether the expression finds something.
    fn finds(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Tells whether the rule's comments must not look like an encrypted comment, and one does.
    pub(crate) fn mistakes(&self, encrypted_comment: &str) -> bool {
        matches!(self.rule, Rule::UnencryptedCommentRegex(_)) && self.finds(encrypted_comment)
    }

    /// Tells whether a value is encrypted.
    pub(crate) fn is_encrypted(&self, path: &[String], above: &Comments, is_comment: bool) -> bool {
        match self.rule {
            Rule::UnencryptedSuffix(suffix) => !path.iter().any(|name| name.ends_with(suffix)),
            Rule::EncryptedSuffix(suffix) => path.iter().any(|name| name.ends_with(suffix)),
            Rule::UnencryptedRegex(_) => !path.iter().any(|name| self.finds(name)),
            Rule::EncryptedRegex(_) => path.iter().any(|name| self.finds(name)),
            Rule::UnencryptedCommentRegex(_) => {
                !above.iter().flatten().any(|comment| self.finds(comment))
            }
            Rule::EncryptedCommentRegex(_) => {
                let all: Vec<&String> = above.iter().flatten().collect();
                // A comment that is asked for is the last one; it does not count for itself.
                let counted = all.len() - usize::from(is_comment && !all.is_empty());
                all.iter().take(counted).any(|comment| self.finds(comment))
            }
        }
    }
}
