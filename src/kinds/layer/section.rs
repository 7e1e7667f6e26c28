//! `layers`.

use super::{Layer, Spec};
use crate::config::code::code;
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::{NameRule, is_account, is_made_of};
use crate::config::section::shape::{list, number, pattern, text, word};
use crate::config::section::{Entry, Keyed, Section, Shape, section};
use crate::config::{Code, Diagnostic, Entries, Stack, Target};
use crate::kind::Kind;
use crate::kinds::function::section::{ARCHITECTURES, Architecture, Config as Function, architecture};
use crate::kinds::function::{family, runtime};
use crate::lower::{Lower, Lowered, resource};
use crate::model::{KnownAttributes, Resource, is_partition};
use crate::package::is_laid_out;
use crate::yaml::Kind as Node;
use serde_json::json;
use std::path::PathBuf;

/// A layer may have a longer name, but then no function can name a version of it [M: LayerName, LayerVersionArn].
const NAME: NameRule = NameRule {
    what: "layer",
    others: "-_",
    min: 1,
    max: 80,
    because: "functions name a layer by its ARN, for which AWS allows 140 characters",
};
/// AWS allows 256 characters, of which the ownership mark and the longest name of a stack take the rest.
pub(super) const MAX_DESCRIPTION: usize = 170;
/// How many runtimes a version can name, and the characters of its license [M: PublishLayerVersion].
const MAX_RUNTIMES: usize = 15;
const MAX_LICENSE: usize = 512;

section! {
    /// A layer: packages and modules that functions share.
    pub struct Config, checked by fits_together {
        /// A folder, a single source file, or a finished `.zip`, in the stack's folder or below. The packages of
        /// `requirements.txt` or `package.json`, and the own modules, go where an import finds them. A folder that has
        /// `python`, `nodejs`, `ruby`, `java`, `bin` or `lib` at its top is taken as it is.
        code: PathBuf = Shape::new(json!({ "type": "string", "minLength": 1 }), code).required("layers/NAME"),
        /// Files to exclude from the package of a folder, in the syntax of `.gitignore`.
        exclude: Vec<String> = list(text(1024)).or_empty(),
        /// The runtimes of the functions that can use the layer. Packages are installed for the first one.
        runtimes: Vec<String> = runtimes().required("[python3.13]"),
        /// The architectures of the functions that can use the layer; without it, all. Packages are installed for the first
        /// one, by default `x86_64`.
        architectures: Vec<Architecture> = list(word(&ARCHITECTURES, architecture)).or_empty(),
        /// A description.
        description: Option<String> = text(MAX_DESCRIPTION).optional(),
        /// The license: its name in SPDX, its URL, or its text.
        license: Option<String> = text(MAX_LICENSE).optional(),
        /// How many versions are kept, the newest one included. Older ones are deleted once the functions have moved.
        keep: usize = number("versions", 1..=100).default(3),
    }
}

impl Config {
    /// The architecture that packages are installed for.
    fn installed_for(&self) -> Architecture {
        self.architectures.first().copied().unwrap_or(Architecture::X86_64)
    }

    /// Why a function cannot use the layer.
    fn excludes(&self, function: &Function) -> Option<String> {
        if !self.runtimes.contains(&function.runtime) {
            return Some(format!("is not for the runtime `{}`", function.runtime));
        }
        let is_for = self.architectures.is_empty() || self.architectures.contains(&function.architecture);
        (!is_for).then(|| format!("is not for the architecture `{}`", function.architecture.as_str()))
    }
}

impl Declared for Layer {
    const ABOUT: &'static str =
        "Layers of functions: code that several functions share. The key is the layer's name in AWS.";
    const REFERENCES: &'static [Referable] =
        &[Referable::known("name"), Referable::assigned("arn"), Referable::assigned("version")];
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn check(layer: &Entry<Config>, _: &Entries) -> Vec<Diagnostic> {
        let error = || Diagnostic {
            at: layer.place("tags"),
            length: 0,
            message: "a layer cannot have tags in AWS".to_owned(),
            help: Some("remove `tags`, or say it in `description`".to_owned()),
        };
        (!layer.common.tags.is_empty()).then(error).into_iter().collect()
    }

    fn code(layer: &Entry<Config>) -> Option<Code<'_>> {
        Some(Code {
            key: package_key(&layer.name).into(),
            at: layer.place("code"),
            path: &layer.code,
            exclude: &layer.exclude,
            runtime: layer.runtimes.first().map(String::as_str).unwrap_or_default(),
            architecture: layer.installed_for().as_str(),
            is_layer: true,
            has_layers: false,
            together_with: Vec::new(),
        })
    }
}

/// The key of a layer's package: a function may have the same key in the stack file.
pub(in crate::kinds) fn package_key(layer: &str) -> String {
    format!("{}.{layer}", Layer::SECTION)
}

/// The ARN of a version, as a function names one of others.
pub(in crate::kinds) fn version_arn(value: Value) -> Option<String> {
    let text = value.text()?;
    let parts: Vec<&str> = text.split(':').collect();
    let example = "for example `arn:aws:lambda:eu-central-1:123456789012:layer:NAME:1`";
    match parts.as_slice() {
        ["arn", partition, "lambda", region, account, "layer", name, rest @ ..]
            if is_partition(partition)
                && is_made_of(region, "-")
                && is_account(account)
                && is_made_of(name, "_-") =>
        {
            match rest {
                [version] if version.chars().all(|c| c.is_ascii_digit()) && !version.is_empty() => {
                    Some(text.to_owned())
                }
                [] => value.fail(
                    format!("the ARN of the layer `{text}` has no version"),
                    help(format!("add the version: `{text}:1`")),
                ),
                _ => value.fail(format!("`{text}` is not the ARN of a layer version"), help(example)),
            }
        }
        _ => value.fail(format!("`{text}` is not the ARN of a layer version"), help(example)),
    }
}

/// Errors of the layers of a function: of another runtime or architecture, or one twice.
pub(in crate::kinds) fn check(function: &Entry<Function>, entries: &Entries) -> Vec<Diagnostic> {
    let all: &[Entry<Config>] = entries.of();
    let mut errors = Vec::new();
    let mut error = |message: String, help: &str| {
        let at = function.place("layers");
        errors.push(Diagnostic { at, length: 0, message, help: Some(help.to_owned()) });
    };
    for (nth, target) in function.layers.iter().enumerate() {
        let name = layer_of(target);
        // Lambda refuses two versions of one layer [aws-facts-services: 8, LS].
        if function.layers[..nth].iter().any(|other| layer_of(other) == name) {
            error(
                format!("the layer `{name}` stands twice"),
                "a function can have one version of a layer: remove one",
            );
        }
        let Target::Key(key) = target else { continue };
        let layer = all.iter().find(|layer| layer.name == *key);
        if let Some(why) = layer.and_then(|layer| layer.excludes(function)) {
            error(
                format!("the layer `{key}` {why} of `{}`", function.name),
                "add it to the layer, or give the function another layer",
            );
        }
    }
    errors
}

/// What names a layer whatever its version.
fn layer_of(target: &Target) -> &str {
    match target {
        Target::Key(key) => key,
        Target::Arn(arn) => arn.rsplit_once(':').map_or(arn, |(layer, _)| layer),
    }
}

impl Stack {
    /// `layers`, to be changed.
    pub fn layers_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

impl Lowered for Layer {
    fn lower(layer: &Entry<Config>, lower: &mut Lower) {
        let Config { code: _, exclude: _, runtimes, architectures, description, license, keep } = &**layer;
        let id = lower.id(Self::NAME, &layer.name);
        let mut spec = Spec {
            code: lower.packages.get(&package_key(&layer.name)).cloned().unwrap_or_default(),
            runtimes: runtimes.clone(),
            architectures: architectures.iter().map(|one| one.as_str().to_owned()).collect(),
            description: description.clone().unwrap_or_default(),
            license: license.clone().unwrap_or_default(),
            keep: *keep,
        };
        spec.runtimes.sort();
        spec.architectures.sort();
        let known_attributes: KnownAttributes = [("name", id.name.clone())].into_iter().collect();
        lower.resources.push(Resource { known_attributes, ..resource::<Layer>(id, layer.at, &spec) });
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        NAME.check(value)
    }
}

fn runtimes() -> Shape<Vec<String>> {
    let one = pattern("^[a-z]+[a-z0-9.]*$", runtime).with("examples", json!(["python3.13", "nodejs22.x"]));
    list(one)
        .refine(|value, runtimes| match runtimes.len() {
            // What is wrong with each of them is reported.
            0 if matches!(&value.node.kind, Node::List(items) if !items.is_empty()) => None,
            0 => value.fail("a layer needs a runtime", help("for example `runtimes: [python3.13]`")),
            1..=MAX_RUNTIMES => Some(runtimes),
            count => {
                value.fail(format!("a layer can have at most {MAX_RUNTIMES} runtimes, not {count}"), None)
            }
        })
        .with("minItems", 1)
        .with("maxItems", MAX_RUNTIMES)
}

/// Code for several languages says itself what belongs to which.
fn fits_together(layer: &<Config as Section>::Decoded, fields: &mut Fields) {
    let (Some(runtimes), Some(code)) = (&layer.runtimes, &layer.code) else { return };
    let Some(first) = runtimes.first().map(|one| family(one)) else { return };
    let crate::config::code::Found::Code(files) = fields.code().at(code) else { return };
    let is_folder = !code.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if is_folder && runtimes.iter().any(|one| family(one) != first) && !is_laid_out(&files.top()) {
        fields.fail_at(
            "runtimes",
            "a layer for several languages needs a folder for each".to_owned(),
            help("put the modules into `python/` and `nodejs/node_modules/` in the layer's folder"),
        );
    }
}
