//! Flags: names, types, defaults.

use super::value;

/// A type of flag: its name in help, and its check, which may rewrite the value.
pub(crate) type Check = (&'static str, fn(&str) -> Result<String, String>);

/// What a flag takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    /// On or off; the value can be left out.
    Bool,
    /// A text.
    Text,
    /// Texts, comma-separated or repeated.
    List,
    /// Texts, repeated.
    Repeated,
    /// Keys and texts, comma-separated or repeated.
    Map,
    /// A duration as Go writes it.
    Duration,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// A text of a type of its own: its name in help and its check, which may rewrite it.
    Custom(&'static str, fn(&str) -> Result<String, String>),
}

/// What completes the value of a flag or the arguments of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Complete {
    /// Nothing but what the shell itself offers.
    #[default]
    Nothing,
    /// Names of objects of this group, version and kind.
    Names(&'static str, &'static str, &'static str),
    /// Contexts of the kubeconfig.
    Contexts,
    /// Namespaces of the cluster.
    Namespaces,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// A flag.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// Name without the dashes.
    pub(crate) name: &'static str,
    /// The letter of the short form.
    pub(crate) short: Option<char>,
    /// What it takes.
    pub(crate) kind: Type,
    /// The value without it, as help shows it.
    pub(crate) default: String,
    /// What it means.
    pub(crate) help: String,
    /// Whether help leaves it out.
    pub(crate) hidden: bool,
    /// Why nobody should use it any more; empty if there is no such reason.
    pub(crate) deprecated: &'static str,
    /// What completes its value.
    pub(crate) complete: Complete,
}

impl Flag {
    fn new(name: &'static str, kind: Type, help: &str) -> Self {
        let default = match kind {
            Type::Bool => "false",
            Type::List | Type::Repeated | Type::Map => "[]",
            Type::Duration => "0s",
            Type::Int | Type::Float => "0",
            Type::Text | Type::Custom(..) => "",
        };
        Self {
            name,
            short: None,
            kind,
            default: default.to_owned(),
            help: help.to_owned(),
            hidden: false,
            deprecated: "",
            complete: Complete::Nothing,
        }
    }

    /// A flag that is on or off.
    pub(crate) fn bool(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Bool, help)
    }

    /// A flag that takes a text.
    pub(crate) fn text(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Text, help)
    }

    /// A flag that takes texts, comma-separated or repeated.
    pub(crate) fn list(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::List, help)
    }

    /// A flag that takes one text each time.
    pub(crate) fn repeated(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Repeated, help)
    }

    /// A flag that takes `key=value` texts.
    pub(crate) fn map(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Map, help)
    }

    /// A flag that takes a duration.
    pub(crate) fn duration(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Duration, help)
    }

    /// A flag that takes a whole number.
    pub(crate) fn int(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Int, help)
    }

    /// A flag that takes a number.
    pub(crate) fn float(name: &'static str, help: &str) -> Self {
        Self::new(name, Type::Float, help)
    }

    /// A flag whose values have a type of their own.
    pub(crate) fn custom(name: &'static str, kind: Check, help: &str) -> Self {
        Self::new(name, Type::Custom(kind.0, kind.1), help)
    }

    /// Gives it a short form.
    pub(crate) fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// Gives it a value for when it is absent, as help shows it.
    pub(crate) fn default(mut self, default: &str) -> Self {
        default.clone_into(&mut self.default);
        self
    }

    /// Leaves it out of help.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Warns whoever uses it.
    pub(crate) fn deprecated(mut self, why: &'static str) -> Self {
        self.deprecated = why;
        self.hidden = true;
        self
    }

    /// Says what completes its value.
    pub(crate) fn complete(mut self, complete: Complete) -> Self {
        self.complete = complete;
        self
    }

    /// Returns the name of the type in help and the text without its marks.
    pub(crate) fn unquoted(&self) -> (String, String) {
        if let Some((before, rest)) = self.help.split_once('`')
            && let Some((name, after)) = rest.split_once('`')
        {
            return (name.to_owned(), format!("{before}{name}{after}"));
        }
        let name = match self.kind {
            Type::Bool => "",
            Type::Text => "string",
            Type::List => "strings",
            Type::Repeated => "stringArray",
            Type::Map => "stringToString",
            Type::Duration => "duration",
            Type::Int => "int",
            Type::Float => "float32",
            Type::Custom(name, _) => name,
        };
        (name.to_owned(), self.help.clone())
    }

    /// Returns what help says of the default, nothing if it is as good as none.
    pub(crate) fn shown_default(&self) -> String {
        let zero = match self.kind {
            Type::Bool => self.default == "false",
            Type::Duration => self.default == "0s",
            Type::Int | Type::Float => self.default == "0",
            Type::Text => self.default.is_empty(),
            Type::List | Type::Repeated | Type::Map => self.default == "[]",
            Type::Custom(..) => matches!(self.default.as_str(), "" | "0" | "false"),
        };
        match self.kind {
            _ if zero => String::new(),
            Type::Text => format!(" (default {})", flux_gostd::quote::quote(&self.default)),
            _ => format!(" (default {})", self.default),
        }
    }

    /// Checks a value and returns it in its normal form.
    pub(super) fn check(&self, text: &str) -> Result<Vec<String>, String> {
        match self.kind {
            Type::Bool => value::parse_bool(text).map(|on| vec![on.to_string()]),
            Type::Text | Type::Repeated => Ok(vec![text.to_owned()]),
            Type::List => value::split_csv(text),
            Type::Map => value::split_map(text),
            Type::Duration => value::parse_duration(text).map(|_| vec![text.to_owned()]),
            Type::Int => value::parse_int(text).map(|number| vec![number.to_string()]),
            Type::Float => value::parse_float(text).map(|number| vec![number.to_string()]),
            Type::Custom(_, check) => check(text).map(|text| vec![text]),
        }
    }
}
