//! Content negotiation: which of the forms of an answer a client wants.

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`
    #[default]
    Json,
    /// `application/yaml`
    Yaml,
}

/// What of an object is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The object as it is.
    #[default]
    Whole,
    /// A `Table` in the named version of meta.k8s.io.
    Table(String),
    /// Only metadata.
    Partial {
        /// Version of meta.k8s.io.
        version: String,
        /// Whether a list was asked for.
        list: bool,
    },
}

/// The form that was agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) encoding: Encoding,
    pub(crate) shape: Shape,
}

/// One clause of an Accept header.
#[derive(Debug)]
pub(crate) struct Clause<'a> {
    pub(crate) media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl<'a> Clause<'a> {
    /// Returns a parameter such as `as`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// Reads an Accept header into clauses, best first.
pub(crate) fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut found: Vec<Clause<'_>> = header.split(',').filter_map(clause).collect();
    found.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    found
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().filter(|text| !text.is_empty())?;
    let mut quality = 1.0;
    let mut parameters = Vec::new();
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        match key.trim() {
            "q" => quality = value.trim().parse().unwrap_or(1.0),
            key => parameters.push((key, value.trim().trim_matches('"'))),
        }
    }
    Some(Clause { media_type, parameters, quality })
}

fn encoding(media_type: &str) -> Option<Encoding> {
    match media_type {
        "*/*" | "application/*" | "application/json" => Some(Encoding::Json),
        "application/yaml" => Some(Encoding::Yaml),
        _ => None,
    }
}

impl Accept {
    /// Chooses the first clause that can be served. `None`: nothing fits.
    pub(crate) fn negotiate(header: Option<&str>) -> Option<Self> {
        let header = header.map(str::trim).filter(|text| !text.is_empty());
        let Some(header) = header else { return Some(Self::default()) };
        clauses(header).iter().find_map(Self::from_clause)
    }

    /// Tells whether any clause names a media type that can be served, whatever its parameters.
    pub(crate) fn names_known_type(header: Option<&str>) -> bool {
        let found = header.map(clauses).unwrap_or_default();
        found.iter().any(|clause| encoding(clause.media_type).is_some())
    }

    /// Chooses an encoding alone, for failures and documents.
    pub(crate) fn encoding_only(header: Option<&str>) -> Encoding {
        let found = header.map(clauses).unwrap_or_default();
        found.iter().find_map(|clause| encoding(clause.media_type)).unwrap_or_default()
    }

    fn from_clause(clause: &Clause<'_>) -> Option<Self> {
        let encoding = encoding(clause.media_type)?;
        let version = clause.parameter("v").unwrap_or_default();
        let group = clause.parameter("g").unwrap_or_default();
        let shape = match clause.parameter("as") {
            None => Shape::Whole,
            Some(_) if group != "meta.k8s.io" => return None,
            Some("Table") if matches!(version, "v1" | "v1beta1") => {
                Shape::Table(version.to_owned())
            }
            Some(kind @ ("PartialObjectMetadata" | "PartialObjectMetadataList"))
                if matches!(version, "v1" | "v1beta1") =>
            {
                let list = kind == "PartialObjectMetadataList";
                Shape::Partial { version: version.to_owned(), list }
            }
            Some(_) => return None,
        };
        Some(Self { encoding, shape })
    }
}
