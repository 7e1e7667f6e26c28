//! AWS's own models of its services, as botocore publishes them. They come with the local cloud's Python environment, so
//! no copy of them is kept here that could grow old.

use crate::services::Service;
use flate2::read::GzDecoder;
use provision::local::{LocalCloud, default_folders};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

impl Service {
    /// The service's model.
    pub(crate) fn model(self) -> &'static Model {
        &models()[self as usize]
    }
}

/// A service as AWS describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) protocol: String,
    pub(crate) api_version: String,
    /// What requests are signed for.
    pub(crate) endpoint_prefix: String,
    pub(crate) json_version: Option<String>,
    pub(crate) target_prefix: Option<String>,
    pub(crate) xml_namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) http: Http,
    pub(crate) input: Option<Member>,
    pub(crate) output: Option<Member>,
    #[serde(default)]
    errors: Vec<Member>,
    #[serde(default)]
    pub(crate) deprecated: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    pub(crate) response_code: Option<u16>,
}

/// A shape in the place of a member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    shape: String,
    pub(crate) location: Option<String>,
    pub(crate) location_name: Option<String>,
    pub(crate) result_wrapper: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Member>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Member>,
    pub(crate) key: Option<Member>,
    pub(crate) value: Option<Member>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub(crate) values: Vec<String>,
    pub(crate) timestamp_format: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    /// The member that is the whole body.
    pub(crate) payload: Option<String>,
    error: Option<ErrorTrait>,
    #[serde(default)]
    exception: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorTrait {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl Model {
    /// The shape that stands at a member.
    pub(crate) fn shape(&self, member: &Member) -> &Shape {
        &self.shapes[&member.shape]
    }

    /// The status of an error of the service and how its message is called, by the code on the wire; `None` where the
    /// model does not know the code, as that of access control.
    pub(crate) fn error(&self, code: &str) -> Option<(u16, &str)> {
        let exceptions = self.shapes.iter().filter(|(_, shape)| shape.exception);
        let mut named = exceptions.filter(|(name, shape)| wire_code(name, shape) == code);
        let (_, shape) = named.next()?;
        let status = shape.error.as_ref().and_then(|error| error.http_status_code).unwrap_or(400);
        let message = shape.members.iter().find(|(name, _)| name.eq_ignore_ascii_case("message"));
        Some((status, message.map_or("message", |(name, member)| member.wire_name(name))))
    }

    /// True if the model lists the code among the errors of the operation.
    pub(crate) fn may_answer(&self, operation: &Operation, code: &str) -> bool {
        operation.errors.iter().any(|error| wire_code(&error.shape, self.shape(error)) == code)
    }
}

fn wire_code<'a>(name: &'a str, shape: &'a Shape) -> &'a str {
    shape.error.as_ref().and_then(|error| error.code.as_deref()).unwrap_or(name)
}

impl Shape {
    /// API Gateway says how long a text may be in the name of its shape only: `StringWithLengthBetween1And128`.
    fn limit(&mut self, name: &str) {
        let range = name.strip_prefix("StringWithLengthBetween").and_then(|range| range.split_once("And"));
        if let Some((min, max)) = range {
            self.min = self.min.or(min.parse().ok());
            self.max = self.max.or(max.parse().ok());
        }
    }
}

impl Member {
    /// The name of the member on the wire.
    pub(crate) fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }
}

/// The models of all services in their order, read once for the process.
fn models() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let folder = models_folder();
        let read = |service: &Service| {
            let (service, version) = service.facts().model;
            let file = folder.join(service).join(version).join("service-2.json.gz");
            let file = File::open(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut text = String::new();
            GzDecoder::new(file).read_to_string(&mut text).expect("a packed text");
            let mut model: Model = serde_json::from_str(&text).expect("a service model of botocore");
            model.shapes.iter_mut().for_each(|(name, shape)| shape.limit(name));
            model
        };
        Service::ALL.iter().map(read).collect()
    })
}

/// The folder of the models in the newest environment of the local cloud, which is installed where it is missing.
fn models_folder() -> PathBuf {
    let (cache, _) = default_folders().expect("a folder for programs");
    find(&cache).unwrap_or_else(|| {
        install(&cache);
        find(&cache).expect("the local cloud brings the models along")
    })
}

fn find(cache: &Path) -> Option<PathBuf> {
    let environments = folders(&cache.join("local-cloud"));
    let ready = environments.into_iter().filter(|folder| folder.join("ready").exists());
    let pythons = ready.flat_map(|folder| folders(&folder.join("lib")));
    pythons.map(|python| python.join("site-packages/botocore/data")).find(|data| data.exists())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Installs the local cloud as the program does for its users: by starting it, with a state of its own. It runs in a
/// thread apart, for the tests' own time stands still.
fn install(cache: &Path) {
    let cache = cache.to_owned();
    let installing = std::thread::spawn(move || {
        let state = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let cloud = LocalCloud::new(cache, state.path().to_owned());
        runtime.block_on(async {
            cloud.start(&|_| ()).await.expect("the local cloud can be installed");
            cloud.stop().await.expect("the local cloud ends");
        });
    });
    installing.join().expect("the local cloud is installed");
}
