//! The evaluation of one kustomization file and of all that it names.

use std::sync::Arc;

use serde::Serialize;

use crate::config::Config;
use crate::error::{BuildError, Result, fail};
use crate::field::{self, FieldSpec};
use crate::generate;
use crate::kustomization::{COMPONENT, FILE_NAMES, Kustomization};
use crate::load::Loader;
use crate::name_reference;
use crate::origin::{self, Origin};
use crate::plugin::{JsonPatchConfig, Plugins, StrategicMergeConfig, in_file};
use crate::read;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::schema::{BuiltIn, Schemas};
use crate::transform::{
    Affix, Affixes, Annotations, Containers, Images, Labels, Names, Namespace, Replicas, Subjects,
    Transformer,
};
use crate::variables::{self, Variables};
use crate::{Options, Rules, Warning};

/// How deep kustomizations may be nested.
const MAX_DEPTH: usize = 100;
/// How many kustomization files one build may read, each as often as it is named.
const MAX_FILES: usize = 10_000;

/// What all kustomization files of a build share.
#[derive(Default)]
pub(crate) struct Session {
    schemas: Schemas,
    pub(crate) warnings: Vec<Warning>,
    depth: usize,
    files: usize,
}

/// What a kustomization brought together.
#[derive(Default)]
struct Accumulator {
    resources: ResMap,
    config: Option<Arc<Config>>,
    variables: Variables,
}

impl Accumulator {
    fn merge_config(&mut self, config: &Arc<Config>) -> Result<()> {
        match &mut self.config {
            Some(own) if Arc::ptr_eq(own, config) => Ok(()),
            Some(own) => Arc::make_mut(own).merge(config),
            None if Arc::ptr_eq(config, &Config::built_in()) => {
                self.config = Some(Arc::clone(config));
                Ok(())
            }
            None => {
                // Merging drops a field of all kinds where one of some kinds stands before it.
                let mut merged = Config::default();
                merged.merge(config)?;
                self.config = Some(Arc::new(merged));
                Ok(())
            }
        }
    }

    fn config(&self) -> Arc<Config> {
        self.config.clone().unwrap_or_default()
    }

    fn absorb(&mut self, other: Self) -> Result<()> {
        self.resources.append_all(other.resources.into_items())?;
        if let Some(config) = &other.config {
            self.merge_config(config)?;
        }
        variables::merge(&mut self.variables, other.variables.into_values())
    }
}

/// Whether a directory stands under `resources` or under `components`.
enum Role {
    /// It is evaluated for itself.
    Resource,
    /// It changes what was brought together so far.
    Component(Accumulator),
}

/// A transformer and what is written down about it.
struct Step {
    transformer: Transformer,
    origin: Option<Origin>,
}

/// One kustomization file.
pub(crate) struct Target<'a> {
    loader: &'a Loader<'a>,
    kustomization: Kustomization,
    file: &'static str,
    /// Where the file is, if that is to be written down.
    origin: Option<Origin>,
}

/// Reads the one kustomization file of a directory.
fn read_file(loader: &Loader<'_>) -> Result<(Kustomization, &'static str)> {
    let mut found = FILE_NAMES.into_iter().filter_map(|name| Some((loader.load(name).ok()?, name)));
    let root = loader.root();
    let (content, name) = match (found.next(), found.next()) {
        (Some(file), None) => file,
        (None, _) => {
            return fail!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or \
                 'Kustomization' in directory '{root}'"
            );
        }
        (Some(_), Some(_)) => return fail!("Found multiple kustomization files under: {root}\n"),
    };
    Ok((Kustomization::parse(&content)?, name))
}

impl<'a> Target<'a> {
    fn load(loader: &'a Loader<'a>, session: &mut Session) -> Result<Self> {
        session.files += 1;
        if session.files > MAX_FILES || session.depth > MAX_DEPTH {
            return fail!("too many kustomizations, or nested too deeply, at '{}'", loader.root());
        }
        let (mut kustomization, file) = read_file(loader)?;
        session.warnings.extend(kustomization.deprecations().into_iter().map(Warning));
        kustomization.fix();
        kustomization.check(&loader.root())?;
        Ok(Self { loader, kustomization, file, origin: None })
    }

    fn set_schema(&self, session: &mut Session, built_in: BuiltIn) -> Result<()> {
        let openapi = &self.kustomization.openapi;
        let file = openapi.get("path").map(|path| self.loader.load(path)).transpose()?;
        let version = openapi.get("version").map(String::as_str);
        session.schemas.set(version, file.as_deref(), built_in)
    }

    fn plugins<'s>(&'s self, session: &'s Session) -> Plugins<'s> {
        Plugins { loader: self.loader, schemas: &session.schemas }
    }

    /// Brings together what the file names, and changes it as the file says.
    fn accumulate(&mut self, mut all: Accumulator, session: &mut Session) -> Result<Accumulator> {
        let resources = self.kustomization.resources.clone();
        let at = |error: BuildError| error.context("accumulating resources");
        self.accumulate_resources(&mut all, &resources, session).map_err(at)?;
        let config = if self.kustomization.configurations.is_empty() {
            Config::built_in()
        } else {
            Arc::new(Config::load(self.loader, &self.kustomization.configurations)?)
        };
        all.merge_config(&config)?;
        if !self.kustomization.crds.is_empty() {
            let at = |error: BuildError| {
                let crds = crate::gotext::list(&self.kustomization.crds);
                error.context(format!("loading CRDs {crds}"))
            };
            let mut merged = Config::clone(&all.config());
            merged.merge_crds(self.loader, &self.kustomization.crds).map_err(at)?;
            all.config = Some(Arc::new(merged));
        }
        self.generate(&mut all, session)?;
        let at = |error: BuildError| error.context("accumulating components");
        let mut all = self.accumulate_components(all, session).map_err(at)?;
        self.transform(&mut all, session)?;
        self.validate(&mut all, session)?;
        if let Some(vars) = &self.kustomization.vars {
            let at = |error: BuildError| {
                let vars: Vec<String> = vars.iter().map(|var| var.printed()).collect();
                error.context(format!("merging vars {}", crate::gotext::list(&vars)))
            };
            variables::add(&mut all.variables, &mut all.resources, vars).map_err(at)?;
        }
        Ok(all)
    }

    /// Adds files, and directories where a path is no file.
    fn accumulate_resources(
        &mut self,
        all: &mut Accumulator,
        paths: &[String],
        session: &mut Session,
    ) -> Result<()> {
        for path in paths {
            let Err(as_file) = self.accumulate_file(all, path, session) else { continue };
            let is_final = as_file.text().contains("HTTP Error: status code");
            if is_final || as_file.cause() == crate::Cause::Crash {
                return Err(as_file);
            }
            let context = format!("accumulation err='{as_file}'");
            let at = |error: BuildError| error.context(&context);
            let loader = match self.loader.enter(path) {
                Ok(loader) => loader,
                Err(_) if as_file.is_malformed_yaml() => return Err(as_file),
                Err(error) => return Err(at(error)),
            };
            let origin = self.origin.as_ref().map(|origin| origin.append(path));
            let other = self.directory(&loader, Role::Resource, origin, session);
            let other = other.map_err(at)?;
            let merging = format!("recursed merging from path '{}'", loader.root());
            all.absorb(other).map_err(|error| at(error.context(merging)))?;
        }
        Ok(())
    }

    fn accumulate_file(&self, all: &mut Accumulator, path: &str, session: &Session) -> Result<()> {
        let at = |error: BuildError| error.context(format!("accumulating resources from '{path}'"));
        let mut resources = self.read(path, session).map_err(at)?;
        if let Some(origin) = &self.origin {
            let text = origin.append(path).to_yaml();
            for resource in &mut resources {
                resource.add_annotation(origin::ORIGIN, &text)?;
            }
        }
        let at = |error: BuildError| error.context(format!("merging resources from '{path}'"));
        // A file is added as a whole or, since a directory is tried next, not at all.
        all.resources.append_all(resources).map_err(at)
    }

    fn read(&self, path: &str, session: &Session) -> Result<Vec<Resource>> {
        let text = self.loader.load(path)?;
        let resources = read::resources(&text, &session.schemas.scopes);
        let resources = resources.map_err(|error| in_file(error, path))?;
        Ok(ResMap::from_resources(resources)?.into_items())
    }

    /// Evaluates the kustomization of another directory.
    fn directory(
        &self,
        loader: &Loader<'_>,
        role: Role,
        origin: Option<Origin>,
        session: &mut Session,
    ) -> Result<Accumulator> {
        let root = loader.root();
        let unmade =
            |error: BuildError| error.context(format!("couldn't make target for path '{root}'"));
        let mut target = Target::load(loader, session).map_err(unmade)?;
        target.kustomization.build_metadata.clone_from(&self.kustomization.build_metadata);
        target.origin = origin;
        // Charts get the namespace of whoever includes them.
        if target.kustomization.namespace.is_empty() && !target.kustomization.helm_charts.is_empty()
        {
            let namespace = &self.kustomization.namespace;
            target.give_charts(namespace);
        }
        target.set_schema(session, BuiltIn::Replaced)?;
        let kind = &target.kustomization.kind;
        let all = match role {
            Role::Component(_) if kind != COMPONENT => {
                return fail!("expected kind 'Component' for path '{root}' but got '{kind}'");
            }
            Role::Resource if kind == COMPONENT => {
                return fail!("expected kind != 'Component' for path '{root}'");
            }
            Role::Component(all) => all,
            Role::Resource => Accumulator::default(),
        };
        session.depth += 1;
        let result = target.accumulate(all, session);
        session.depth -= 1;
        result.map_err(|error| error.context(format!("recursed accumulation of path '{root}'")))
    }

    fn give_charts(&mut self, namespace: &str) {
        for chart in &mut self.kustomization.helm_charts {
            if !namespace.is_empty() && !chart.contains_key("namespace") {
                chart.insert("namespace".to_owned(), namespace.into());
            }
        }
    }

    fn accumulate_components(
        &mut self,
        mut all: Accumulator,
        session: &mut Session,
    ) -> Result<Accumulator> {
        for path in self.kustomization.components.clone() {
            let quoted = |context: &'static str| {
                move |error: BuildError| {
                    let text = format!("{context} {}", crate::gotext::quoted(error.text()));
                    error.reworded(text)
                }
            };
            let loader = self.loader.enter(&path).map_err(quoted("loader.New"))?;
            let origin = self.origin.as_ref().map(|origin| origin.append(&path));
            let other = self.directory(&loader, Role::Component(all), origin, session);
            // As with a resource, everything is merged into what was empty.
            let merging = format!("recursed merging from path '{}'", loader.root());
            all = Accumulator::default();
            let merged =
                other.and_then(|other| all.absorb(other).map_err(|error| error.context(merging)));
            merged.map_err(quoted("accumulateDirectory:"))?;
        }
        Ok(all)
    }

    fn generate(&mut self, all: &mut Accumulator, session: &mut Session) -> Result<()> {
        let mut generated: Vec<(Option<Origin>, Vec<Resource>)> = Vec::new();
        let file = &self.kustomization;
        let origin = |kind| self.origin.as_ref().map(|origin| origin.of_built_in(self.file, kind));
        // The original configures all generators before it runs the first.
        self.refuse_charts()?;
        for args in &file.config_map_generator {
            let options = file.options_for(args.options.as_ref());
            let made = generate::config_map(self.loader, args, options.as_ref())?;
            generated.push((origin("ConfigMapGenerator"), vec![made]));
        }
        for args in &file.secret_generator {
            let options = file.options_for(args.options.as_ref());
            let made = generate::secret(self.loader, args, options.as_ref())?;
            generated.push((origin("SecretGenerator"), vec![made]));
        }
        let paths = self.kustomization.generators.clone();
        let loading = |error: BuildError| error.context("loading generator plugins");
        for config in self.plugin_configs(&paths, session).map_err(loading)? {
            let made = self.plugins(session).generate(&config).map_err(loading)?;
            generated.push((Origin::of_plugin(&config), made));
        }
        for (origin, mut resources) in generated {
            if let Some(origin) = origin {
                origin::annotate_generated(&mut resources, &origin)?;
            }
            let at = |error: BuildError| error.context("merging from generator");
            all.resources.absorb_all(resources).map_err(at)?;
        }
        Ok(())
    }

    /// Refuses charts, which are never rendered here.
    fn refuse_charts(&self) -> Result<()> {
        let Some(chart) = self.kustomization.helm_charts.first() else { return Ok(()) };
        let mut config = self.kustomization.helm_globals.clone().unwrap_or_default();
        config.extend(chart.clone());
        let namespace = &self.kustomization.namespace;
        if !namespace.is_empty() && !config.contains_key("namespace") {
            config.insert("namespace".to_owned(), namespace.as_str().into());
        }
        let error = BuildError::new("must specify --enable-helm");
        Err(trouble("HelmChartInflationGenerator", &config, error))
    }

    /// Reads the configurations of plugins, texts first and then files and directories.
    fn plugin_configs(
        &mut self,
        entries: &[String],
        session: &mut Session,
    ) -> Result<Vec<Resource>> {
        let mut all = Accumulator::default();
        let mut paths = Vec::new();
        for entry in entries {
            let inline = read::resources(entry.as_bytes(), &session.schemas.scopes);
            let Ok(mut inline) = inline.and_then(ResMap::from_resources) else {
                paths.push(entry.clone());
                continue;
            };
            if let Some(origin) = &self.origin {
                let text = origin.append(self.file).to_yaml();
                for resource in inline.items_mut() {
                    resource.annotate(origin::ORIGIN, text.clone())?;
                }
            }
            all.resources.append_all(inline.into_items())?;
        }
        self.accumulate_resources(&mut all, &paths, session)?;
        Ok(all.resources.into_items())
    }

    fn transform(&mut self, all: &mut Accumulator, session: &mut Session) -> Result<()> {
        let config = all.config();
        let mut steps = self.built_in_steps(&config, session)?;
        let paths = self.kustomization.transformers.clone();
        steps.extend(self.plugin_steps(&paths, session)?);
        for step in &steps {
            run(step, &mut all.resources, &session.schemas)?;
        }
        Ok(())
    }

    fn plugin_steps(&mut self, paths: &[String], session: &mut Session) -> Result<Vec<Step>> {
        let configs = self.plugin_configs(paths, session)?;
        let plugins = self.plugins(session);
        let steps = configs.iter().map(|config| {
            let transformer = plugins.transformer(config)?;
            Ok(Step { transformer, origin: Origin::of_plugin(config) })
        });
        steps.collect()
    }

    fn validate(&mut self, all: &mut Accumulator, session: &mut Session) -> Result<()> {
        let paths = self.kustomization.validators.clone();
        for step in self.plugin_steps(&paths, session)? {
            let before: Vec<Resource> = all.resources.items().to_vec();
            step.transformer.run(&mut all.resources, &session.schemas)?;
            let mut after: Vec<Resource> = all.resources.items().to_vec();
            for resource in &mut after {
                let mut labels = resource.labels();
                if labels.remove("validated-by").is_some() {
                    resource.set_labels(&labels)?;
                }
            }
            if before != after {
                return fail!("validator shouldn't modify the resource map");
            }
        }
        Ok(())
    }

    /// Makes the transformers of the file's own fields, in the order in which they run.
    fn built_in_steps(&self, config: &Config, session: &Session) -> Result<Vec<Step>> {
        let mut steps = Steps { target: self, steps: Vec::new() };
        let plugins = self.plugins(session);
        steps.patches(&plugins)?;
        steps.names(config);
        steps.labels(config)?;
        steps.json_patches(&plugins)?;
        steps.values(config, &plugins)?;
        Ok(steps.steps)
    }
}

/// Collects the transformers of a file's own fields.
struct Steps<'a> {
    target: &'a Target<'a>,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn push(&mut self, kind: &str, transformer: Transformer) {
        let origin = self.target.origin.as_ref();
        let origin = origin.map(|origin| origin.of_built_in(self.target.file, kind));
        self.steps.push(Step { transformer, origin });
    }

    fn patches(&mut self, plugins: &Plugins<'_>) -> Result<()> {
        let file = &self.target.kustomization;
        if let Some(paths) = file.patches_strategic_merge.as_ref().filter(|paths| !paths.is_empty())
        {
            let kind = "PatchStrategicMergeTransformer";
            let config = StrategicMergeConfig { paths: paths.clone(), ..Default::default() };
            let step = plugins.strategic_merges(&config);
            self.push(kind, step.map_err(|error| trouble(kind, &config, error))?);
        }
        for patch in &file.patches {
            let kind = "PatchTransformer";
            let step = plugins.patch(patch, &printed(patch));
            self.push(kind, step.map_err(|error| trouble(kind, patch, error))?);
        }
        Ok(())
    }

    fn names(&mut self, config: &Config) {
        let file = &self.target.kustomization;
        if !file.namespace.is_empty() {
            let namespace = Namespace {
                namespace: file.namespace.clone(),
                fields: config.namespace.clone(),
                unset_only: false,
                subjects: Subjects::default(),
            };
            self.push("NamespaceTransformer", Transformer::Namespace(namespace));
        }
        let affixes = [
            ("PrefixTransformer", Affix::Prefix, &file.name_prefix, &config.name_prefix),
            ("SuffixTransformer", Affix::Suffix, &file.name_suffix, &config.name_suffix),
        ];
        for (kind, affix, text, fields) in affixes {
            if !text.is_empty() {
                let names = Names { affix, text: text.clone(), fields: fields.clone() };
                self.push(kind, Transformer::Affixes(Affixes(vec![names])));
            }
        }
    }

    fn labels(&mut self, config: &Config) -> Result<()> {
        let file = &self.target.kustomization;
        let kind = "LabelTransformer";
        let common = file.common_labels.clone().unwrap_or_default();
        if !file.labels.is_empty() || !common.is_empty() {
            for label in &file.labels {
                let fields = label_fields(label, config)?;
                let labels = Labels { labels: label.pairs.clone(), fields };
                self.push(kind, Transformer::Labels(labels));
            }
            let labels = Labels { labels: common, fields: config.common_labels.clone() };
            self.push(kind, Transformer::Labels(labels));
        }
        if !file.common_annotations.is_empty() {
            let annotations = Annotations {
                annotations: file.common_annotations.clone(),
                fields: config.common_annotations.clone(),
            };
            self.push("AnnotationsTransformer", Transformer::Annotations(annotations));
        }
        Ok(())
    }

    fn json_patches(&mut self, plugins: &Plugins<'_>) -> Result<()> {
        let kind = "PatchJson6902Transformer";
        for patch in self.target.kustomization.patches_json6902.iter().flatten() {
            let config = JsonPatchConfig {
                target: patch.target.clone(),
                path: patch.path.clone(),
                json_op: patch.patch.clone(),
            };
            let step = plugins.json_patches(&config);
            self.push(kind, step.map_err(|error| trouble(kind, &config, error))?);
        }
        Ok(())
    }

    fn values(&mut self, config: &Config, plugins: &Plugins<'_>) -> Result<()> {
        let file = &self.target.kustomization;
        for replica in &file.replicas {
            let replicas = Replicas { replica: replica.clone(), fields: config.replicas.clone() };
            self.push("ReplicaCountTransformer", Transformer::Replicas(replicas));
        }
        for image in &file.images {
            let fields = config.images.clone();
            let containers = Containers::Anywhere;
            let images = Images { image: image.clone(), fields, containers };
            self.push("ImageTagTransformer", Transformer::Images(images));
        }
        if !file.replacements.is_empty() {
            let kind = "ReplacementTransformer";
            let step = plugins.replacements(file.replacements.clone());
            let config = serde_json::json!({ "Replacements": &file.replacements });
            self.push(kind, step.map_err(|error| trouble(kind, &config, error))?);
        }
        Ok(())
    }
}

fn label_fields(label: &crate::kustomization::Label, config: &Config) -> Result<Vec<FieldSpec>> {
    let at = |error: BuildError| error.context("failed to merge labels");
    let mut fields = label.fields.clone();
    field::merge_all(&mut fields, &config.labels).map_err(at)?;
    if label.include_selectors {
        field::merge_all(&mut fields, &config.common_labels).map_err(at)?;
        return Ok(fields);
    }
    if label.include_templates {
        let at = |error: BuildError| error.context("failed to merge template fieldSpec");
        field::merge_all(&mut fields, &config.template_labels).map_err(at)?;
    }
    let metadata = FieldSpec::of_all("metadata/labels", true);
    field::merge_one(&mut fields, &metadata).map_err(at)?;
    Ok(fields)
}

fn run(step: &Step, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
    step.transformer.run(resources, schemas)?;
    if let Some(origin) = &step.origin {
        origin::annotate_transformed(resources, origin)?;
    }
    resources.drop_empty();
    Ok(())
}

fn printed<T: Serialize>(config: &T) -> String {
    flux_yaml::to_string(&serde_json::to_value(config).unwrap_or_default())
}

fn trouble<T: Serialize>(kind: &str, config: &T, error: BuildError) -> BuildError {
    let config = printed(config);
    error.context(format!("trouble configuring builtin {kind} with config: `\n{config}`"))
}

/// Builds a directory: all of it, then what is done once at the end.
pub(crate) fn build(
    loader: &Loader<'_>,
    options: &Options<'_>,
    session: &mut Session,
) -> Result<ResMap> {
    let mut target = Target::load(loader, session)?;
    let built_in = match options.rules {
        Rules::Flux => BuiltIn::Loses,
        Rules::Plain { .. } => BuiltIn::Replaced,
    };
    target.set_schema(session, built_in)?;
    let metadata = target.kustomization.build_metadata.clone();
    target.origin = (!metadata.is_empty()).then(Origin::default);
    let mut all = target.accumulate(Accumulator::default(), session)?;
    Transformer::Hash.run(&mut all.resources, &session.schemas)?;
    let config = all.config();
    name_reference::update(&mut all.resources, &config.name_reference)?;
    let unused = variables::resolve(&all.variables, &mut all.resources, &config.var_reference)?;
    if !unused.is_empty() {
        let unused = unused.join(",");
        let text = format!("well-defined vars that were never replaced: {unused}");
        session.warnings.push(Warning(text));
    }
    drop_local(&mut all.resources)?;
    finish(&mut all.resources, &target.kustomization, options, session)?;
    Ok(all.resources)
}

/// Drops what is only meant for tools.
fn drop_local(resources: &mut ResMap) -> Result<()> {
    for resource in resources.items() {
        read::validate(&resource.node)?;
    }
    let is_local = |resource: &Resource| {
        let mark = resource.annotation("config.kubernetes.io/local-config");
        mark.is_some_and(|mark| mark != "false")
    };
    if resources.items().iter().any(is_local) {
        resources.items_mut().retain(|resource| !is_local(resource));
    }
    Ok(())
}

fn finish(
    resources: &mut ResMap,
    kustomization: &Kustomization,
    options: &Options<'_>,
    session: &mut Session,
) -> Result<()> {
    let has = |option: &str| kustomization.build_metadata.iter().any(|other| other == option);
    if let Some(sort_options) = &kustomization.sort_options {
        if options.order == crate::Order::Legacy {
            let text = "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') \
                        and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.";
            session.warnings.push(Warning(text.to_owned()));
        }
        crate::transform::sort(resources, sort_options)?;
    } else if options.order != crate::Order::Fifo {
        let legacy = crate::kustomization::SortOptions {
            order: "legacy".to_owned(),
            legacy_sort_options: None,
        };
        crate::transform::sort(resources, &legacy)?;
    }
    if has("managedByLabel") {
        let value = format!("kustomize-{}", crate::UPSTREAM_VERSION);
        let labels = [("app.kubernetes.io/managed-by".to_owned(), value)].into();
        let fields = vec![FieldSpec::of_all("metadata/labels", true)];
        Labels { labels, fields }.run(resources)?;
    }
    let mut unwanted = Vec::new();
    for (option, annotation) in
        [("originAnnotations", origin::ORIGIN), ("transformerAnnotations", origin::TRANSFORMATIONS)]
    {
        if !has(option) {
            unwanted.push(annotation);
        }
    }
    for resource in resources.items_mut() {
        resource.remove_hidden_annotations(&unwanted)?;
    }
    Ok(())
}
