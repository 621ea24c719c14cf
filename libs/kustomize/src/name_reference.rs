//! Names that changed, followed to where other objects refer to them.

use std::collections::{BTreeSet, HashMap};

use flux_yaml::{Kind, Node};

use crate::config::NameReference;
use crate::error::{Result, fail};
use crate::field::{self, FieldSpec};
use crate::id::{Gvk, GvkRef, NO_NAMESPACE};
use crate::node::{self, is_null};
use crate::resmap::ResMap;
use crate::resource::{Previous, Resource, joined};

/// Stands in an error for the details that are filled in where all resources are at hand.
const DETAILS: &str = "\u{0}";

/// Updates every field that `references` name.
pub(crate) fn update(resources: &mut ResMap, references: &[NameReference]) -> Result<()> {
    let candidates = Candidates::new(resources.items());
    let mut fields = FieldsByKind { references, known: HashMap::new() };
    for at in 0..resources.items().len() {
        let Some(resource) = resources.items().get(at) else { break };
        let kind = resource.original_id().gvk.to_owned();
        let fields = fields.of(kind);
        if fields.is_empty() {
            continue;
        }
        let referrer = Referrer::new(at, resource, &candidates)?;
        let mut ambiguous = Vec::new();
        let Some(resource) = resources.items_mut().get_mut(at) else { break };
        let updated = referrer.update(&mut resource.node, fields, &mut ambiguous);
        if let Err(error) = updated {
            let details = details(resources.items(), at, &ambiguous);
            return Err(error.clone().reworded(error.text().replace(DETAILS, &details)));
        }
    }
    Ok(())
}

/// The fields in which objects of a kind refer to others, with their paths split.
struct FieldsByKind<'a> {
    references: &'a [NameReference],
    known: HashMap<Gvk, Vec<Field<'a>>>,
}

struct Field<'a> {
    target: &'a Gvk,
    spec: &'a FieldSpec,
    path: Vec<String>,
}

impl<'a> FieldsByKind<'a> {
    fn of(&mut self, kind: Gvk) -> &[Field<'a>] {
        let references = self.references;
        self.known.entry(kind).or_insert_with_key(|kind| {
            let all = references.iter().flat_map(|reference| {
                reference.field_specs.iter().map(move |spec| (&reference.gvk, spec))
            });
            let selected = all.filter(|(_, spec)| spec.gvk.selects(kind.as_ref()));
            selected
                .map(|(target, spec)| Field { target, spec, path: field::split(&spec.path, '/') })
                .collect()
        })
    }
}

/// What counts of a resource that others may refer to.
struct Candidate {
    name: String,
    namespace: String,
    effective_namespace: String,
    original_namespace: String,
    gvk: Gvk,
    is_cluster_scoped: bool,
    previous: Vec<Previous>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

struct Candidates {
    all: Vec<Candidate>,
    by_previous_name: HashMap<String, Vec<usize>>,
}

impl Candidates {
    fn new(resources: &[Resource]) -> Self {
        let candidate = |resource: &Resource| {
            let id = resource.id();
            Candidate {
                name: id.name.to_owned(),
                namespace: id.namespace.to_owned(),
                effective_namespace: id.effective_namespace().to_owned(),
                original_namespace: resource.original_id().effective_namespace().to_owned(),
                gvk: id.gvk.to_owned(),
                is_cluster_scoped: id.cluster_scoped,
                previous: resource.traces.previous.clone(),
                prefixes: resource.traces.prefixes.clone(),
                suffixes: resource.traces.suffixes.clone(),
            }
        };
        let all: Vec<Candidate> = resources.iter().map(candidate).collect();
        let mut by_previous_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, candidate) in all.iter().enumerate() {
            let names: BTreeSet<&String> = candidate.previous.iter().map(|p| &p.name).collect();
            for name in names {
                by_previous_name.entry(name.clone()).or_default().push(at);
            }
        }
        Self { all, by_previous_name }
    }
}

impl Candidate {
    /// Reports whether it was of a kind at any time before.
    fn was(&self, gvk: &Gvk) -> bool {
        self.previous.iter().any(|previous| {
            let Gvk { group, version, .. } = &self.gvk;
            gvk.selects(GvkRef { group, version, kind: &previous.kind })
        })
    }

    fn same_affixes(&self, other: &Self, if_empty: IfEmpty) -> bool {
        let same = |a: &[String], b: &[String]| {
            (if_empty == IfEmpty::Fits && (a.is_empty() || b.is_empty())) || ends_alike(a, b)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

/// Whether a resource without prefixes fits to one with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfEmpty {
    Fits,
    Differs,
}

fn ends_alike(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}

/// What is compared when several candidates remain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Names,
    NamesAndNamespaces,
}

/// A resource that refers to others.
struct Referrer<'a> {
    candidates: &'a Candidates,
    own: &'a Candidate,
    id: String,
    role: Option<Gvk>,
    /// The namespaces of the service accounts that a role binding names.
    subject_namespaces: BTreeSet<String>,
}

impl<'a> Referrer<'a> {
    fn new(at: usize, resource: &Resource, candidates: &'a Candidates) -> Result<Self> {
        let Some(own) = candidates.all.get(at) else { return fail!("indexing problem") };
        Ok(Self {
            candidates,
            own,
            id: resource.id().to_string(),
            role: role(&resource.node),
            subject_namespaces: subject_namespaces(resource)?,
        })
    }

    fn update(
        &self,
        node: &mut Node,
        fields: &[Field<'_>],
        ambiguous: &mut Vec<usize>,
    ) -> Result<()> {
        for field in fields {
            let changed =
                field::change_at(node, &field.path, &mut |found| self.set(found, field, ambiguous));
            changed.map_err(|error| {
                let path = &field.spec.path;
                let error = field::at_field(error, node, field.spec);
                error.context(format!("updating name reference in '{path}' field of '{}'", self.id))
            })?;
        }
        Ok(())
    }

    fn set(&self, node: &mut Node, field: &Field<'_>, ambiguous: &mut Vec<usize>) -> Result<()> {
        if is_null(node) {
            return Ok(());
        }
        match node.kind {
            Kind::Scalar => self.set_scalar(node, field, ambiguous),
            Kind::Mapping => self.set_mapping(node, field, ambiguous),
            Kind::Sequence => node.content.iter_mut().try_for_each(|item| match item.kind {
                _ if is_null(item) => Ok(()),
                Kind::Scalar => self.set_scalar(item, field, ambiguous),
                Kind::Mapping => self.set_mapping(item, field, ambiguous),
                Kind::Sequence | Kind::Alias => {
                    fail!("a list is expected to be either a string or a map of string")
                }
            }),
            Kind::Alias => fail!("node must be a scalar, sequence or map"),
        }
    }

    fn set_scalar(
        &self,
        node: &mut Node,
        field: &Field<'_>,
        ambiguous: &mut Vec<usize>,
    ) -> Result<()> {
        let found = self.named(&node.value);
        let referral = self.choose(found, field, Compare::Names, ambiguous)?;
        match referral {
            Some(referral) if referral.name != node.value && !referral.name.is_empty() => {
                node::set_scalar(node, Node::scalar(referral.name.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn set_mapping(
        &self,
        node: &mut Node,
        field: &Field<'_>,
        ambiguous: &mut Vec<usize>,
    ) -> Result<()> {
        let Some(name) = node.get("name") else {
            return fail!("path config error; no 'name' field in node");
        };
        let old = name.value.clone();
        let mut found = self.named(&old);
        if let Some(namespace) = node.get("namespace")
            && !found.is_empty()
        {
            self.retain_namespace(&mut found, &namespace.value);
        }
        let chosen = self.choose(found, field, Compare::NamesAndNamespaces, ambiguous)?;
        let Some(referral) = chosen else { return Ok(()) };
        if referral.name == old && referral.namespace.is_empty() {
            return Ok(());
        }
        node::set_field(node, "name", Some(Node::scalar(referral.name.as_str())))?;
        if referral.namespace.is_empty() {
            return Ok(());
        }
        node::set_field(node, "namespace", Some(Node::scalar(referral.namespace.as_str())))
    }

    /// Returns the candidates in reach that had a name before.
    fn named(&self, name: &str) -> Vec<&'a Candidate> {
        let found = self.candidates.by_previous_name.get(name);
        let found = found.into_iter().flatten().filter_map(|at| self.candidates.all.get(*at));
        found.filter(|candidate| self.reaches(candidate)).collect()
    }

    fn reaches(&self, candidate: &Candidate) -> bool {
        self.own.is_cluster_scoped
            || candidate.is_cluster_scoped
            || candidate.effective_namespace == self.own.effective_namespace
            || self.subject_namespaces.contains(&candidate.namespace)
    }

    /// Keeps those that were in a namespace at first; if nothing was, those that are in it now.
    fn retain_namespace(&self, found: &mut Vec<&'a Candidate>, namespace: &str) {
        let mut reached = self.candidates.all.iter().filter(|candidate| self.reaches(candidate));
        let is_original = namespace != NO_NAMESPACE
            && reached.any(|candidate| candidate.original_namespace == namespace);
        found.retain(|candidate| {
            let own = if is_original {
                &candidate.original_namespace
            } else {
                &candidate.effective_namespace
            };
            own == namespace && own != NO_NAMESPACE
        });
    }

    fn choose(
        &self,
        mut found: Vec<&'a Candidate>,
        field: &Field<'_>,
        compare: Compare,
        ambiguous: &mut Vec<usize>,
    ) -> Result<Option<&'a Candidate>> {
        found.retain(|candidate| candidate.was(field.target));
        if let Some(role) = self.role.as_ref().filter(|_| field.spec.path.ends_with("roleRef/name"))
        {
            found.retain(|candidate| candidate.was(role));
        }
        if !self.own.is_cluster_scoped {
            found.retain(|candidate| {
                candidate.is_cluster_scoped
                    || candidate.gvk.kind == "ServiceAccount"
                    || candidate.effective_namespace == self.own.effective_namespace
            });
        }
        if found.len() > 1 {
            found.retain(|candidate| candidate.same_affixes(self.own, IfEmpty::Fits));
        }
        if found.len() > 1 {
            found.retain(|candidate| candidate.same_affixes(self.own, IfEmpty::Differs));
        }
        let Some((first, others)) = found.split_first() else { return Ok(None) };
        let is_same = |other: &&Candidate| {
            other.name == first.name
                && (compare == Compare::Names || other.namespace == first.namespace)
        };
        if others.iter().all(is_same) {
            return Ok(Some(first));
        }
        let position = |candidate: &&Candidate| {
            self.candidates.all.iter().position(|other| std::ptr::eq(other, *candidate))
        };
        ambiguous.extend(found.iter().filter_map(position));
        fail!("found multiple possible referrals: {DETAILS}")
    }
}

/// Reads the kind that a binding's `roleRef` names.
fn role(node: &Node) -> Option<Gvk> {
    let role = node.get("roleRef")?;
    let (group, kind) = (role.get("apiGroup")?, role.get("kind")?);
    Some(Gvk { group: group.value.clone(), kind: kind.value.clone(), ..Gvk::default() })
}

fn subject_namespaces(resource: &Resource) -> Result<BTreeSet<String>> {
    let mut namespaces = BTreeSet::new();
    if resource.kind() != "RoleBinding" {
        return Ok(namespaces);
    }
    for subject in resource.node.get("subjects").into_iter().flat_map(Node::items) {
        let is_account = subject.get("kind").is_some_and(|kind| kind.value == "ServiceAccount");
        let Some(namespace) = subject.get("namespace").filter(|_| is_account) else { continue };
        if !node::is_string(namespace) {
            let id = crate::gotext::quoted(&resource.id().to_string());
            return fail!("Invalid Input: namespace is blank for resource {id}\n");
        }
        namespaces.insert(namespace.value.clone());
    }
    Ok(namespaces)
}

fn details(resources: &[Resource], referrer: usize, ambiguous: &[usize]) -> String {
    let found: Vec<&Resource> = ambiguous.iter().filter_map(|at| resources.get(*at)).collect();
    let ids = joined(found.iter().map(|resource| resource.id().to_string()), ", ");
    let referrer = resources.get(referrer).map(Resource::to_yaml_with_traces);
    let mut text = format!(
        "{ids}\n\n**** Too many possible referral targets to referrer:\n{}\n",
        referrer.unwrap_or_default()
    );
    for (at, resource) in found.iter().enumerate() {
        text.push_str(&format!(
            "--- possible referral {at}:\n{}\n",
            resource.to_yaml_with_traces()
        ));
    }
    text
}
