//! Why a document could not be decrypted or encrypted, in SOPS' words.

use std::fmt;

/// Why a document could not be decrypted or encrypted.
///
/// No text holds a decrypted value or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not in its format, or its metadata make no sense.
    #[error("{0}")]
    Load(String),
    /// The text has no metadata, so it is not encrypted.
    #[error("sops metadata not found")]
    MetadataNotFound,
    /// The data key could not be recovered.
    #[error("{0}")]
    DataKey(#[from] DataKeyError),
    /// Master keys could not encrypt the data key.
    #[error("{0}")]
    MasterKeys(String),
    /// A value could not be decrypted or encrypted.
    #[error("Error walking tree: {0}")]
    Tree(String),
    /// The values are not those that the MAC covers.
    #[error("{0}")]
    Mac(String),
    /// The tree has no form in the wanted format.
    #[error("{0}")]
    Emit(String),
}

impl Error {
    /// Returns the text that SOPS shows to users, which for data keys has many lines.
    pub fn user_text(&self) -> String {
        match self {
            Self::DataKey(error) => error.user_text(),
            other => other.to_string(),
        }
    }
}

/// Why the data key could not be recovered: what became of each group of master keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyError {
    /// How many groups are needed; 0 if there is one group only.
    pub threshold: usize,
    /// The groups in the order of the document; nothing for those that gave their part.
    pub groups: Vec<Option<GroupFailure>>,
}

/// What failed in a group of master keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFailure(pub Vec<KeyFailure>);

/// Why a master key could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFailure {
    /// What the key is called.
    pub key: String,
    /// What went wrong.
    pub problem: String,
}

impl std::error::Error for DataKeyError {}

impl fmt::Display for DataKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wanted, got) = (self.threshold, self.successes());
        write!(f, "Error getting data key: {wanted} successful groups required, got {got}")
    }
}

impl DataKeyError {
    fn successes(&self) -> usize {
        self.groups.iter().filter(|group| group.is_none()).count()
    }

    /// Returns the text for users, which tells of every group and key.
    pub fn user_text(&self) -> String {
        let groups = self.groups.iter().enumerate().map(|(index, group)| match group {
            None => format!("Group {index}: SUCCESS"),
            Some(failure) => {
                format!("Group {index}: FAILED\n{}", prefixed(&failure.user_text(), "  "))
            }
        });
        let groups: Vec<String> = groups.collect();
        let trailer = if self.threshold == 0 {
            "Recovery failed because no master key was able to decrypt the file. In order for \
             SOPS to recover the file, at least one key has to be successful, but none were."
                .to_owned()
        } else {
            let (wanted, got) = (self.threshold, self.successes());
            format!(
                "Recovery failed because the file was encrypted with a Shamir threshold of \
                 {wanted}, but only {got} part(s) were successfully recovered, one for each \
                 successful key group. In order for SOPS to recover the file, at least {wanted} \
                 groups have to be successful. In order for a group to be successful, decryption \
                 has to succeed with any of the keys in that key group."
            )
        };
        format!(
            "Failed to get the data key required to decrypt the SOPS file.\n\n{}\n\n{}",
            groups.join("\n\n"),
            wrapped(&trailer, 75)
        )
    }
}

impl GroupFailure {
    fn user_text(&self) -> String {
        let keys = self.0.iter().map(|KeyFailure { key, problem }| {
            let problem = prefixed(&wrapped(problem, 60), "  | ");
            // The first line begins with a dash in place of a space.
            let problem = format!("-{}", problem.get(1..).unwrap_or_default());
            format!("{key}: FAILED\n{}", prefixed(&problem, "  "))
        });
        keys.collect::<Vec<_>>().join("\n\n")
    }
}

/// Puts a prefix before every line.
fn prefixed(text: &str, prefix: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| format!("{prefix}{line}"));
    lines.collect()
}

/// Breaks lines at spaces so that they have at most `width` characters, words longer than that
/// excepted.
fn wrapped(text: &str, width: usize) -> String {
    let (mut out, mut line) = (String::new(), 0);
    let (mut word, mut word_len) = (String::new(), 0);
    let (mut space, mut space_len) = (String::new(), 0);
    let flush = |out: &mut String, line: &mut usize, space: &mut String, word: &mut String| {
        let (space_len, word_len) = (space.chars().count(), word.chars().count());
        *line += space_len + word_len;
        out.push_str(space);
        out.push_str(word);
        space.clear();
        word.clear();
    };
    for c in text.chars() {
        if c == '\n' {
            if word.is_empty() {
                if line + space_len <= width {
                    out.push_str(&space);
                }
                space.clear();
            } else {
                flush(&mut out, &mut line, &mut space, &mut word);
            }
            (line, word_len, space_len) = (0, 0, 0);
            out.push('\n');
        } else if c.is_whitespace() && c != '\u{A0}' {
            if space.is_empty() || !word.is_empty() {
                flush(&mut out, &mut line, &mut space, &mut word);
                (word_len, space_len) = (0, 0);
            }
            space.push(c);
            space_len += 1;
        } else {
            word.push(c);
            word_len += 1;
            if line + word_len + space_len > width && word_len < width {
                out.push('\n');
                line = 0;
                space.clear();
                space_len = 0;
            }
        }
    }
    if word.is_empty() {
        if line + space_len <= width {
            out.push_str(&space);
        }
    } else {
        flush(&mut out, &mut line, &mut space, &mut word);
    }
    out
}
