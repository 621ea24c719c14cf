//! Measures the server in this process, on one core: `cargo xtask bench apiserver`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flux_apiserver::store::{Collection, Store, Target};
use flux_apiserver::{Controllers, Options, Server};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const APPLY: &str = "application/apply-patch+yaml";
const OBJECTS: usize = 10_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<(), Failure> {
    let idle = start_up().await?;
    report("idle server, memory", idle, "MiB, wanted 40 at most");
    let server = Server::start(options(None))?;
    throughput(&server).await?;
    let before = resident()?;
    for number in 0..OBJECTS {
        let body = deployment(&format!("d-{number}"), "nginx:1");
        send(&server, "POST", DEPLOYMENTS, "application/json", body.to_string()).await?;
    }
    report("10,000 Deployments, memory", resident()? - before, "MiB, wanted 200 at most");
    drop(server);
    restart().await
}

/// Starts a server with all definitions of Flux; returns the memory of a server with nothing else.
async fn start_up() -> Result<f64, Failure> {
    let definitions = definitions()?;
    let begun = Instant::now();
    let server = Server::start(options(None))?;
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for definition in &definitions {
        send(&server, "POST", path, "application/json", definition.clone()).await?;
    }
    loop {
        let list = send(&server, "GET", path, "", String::new()).await?;
        let items = list["items"].as_array().map_or(0, Vec::len);
        let text = list.to_string();
        if text.matches(r#""type":"Established""#).count() >= items {
            break;
        }
        tokio::task::yield_now().await;
    }
    let what = format!("start with {} definitions", definitions.len());
    report(&what, begun.elapsed().as_secs_f64() * 1e3, "ms, wanted 100 at most");
    let busy = processor_time()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let used = (processor_time()? - busy) * 1e3;
    report("idle server, processor in 2 s", used, "ms, wanted 0");
    resident()
}

async fn throughput(server: &Server) -> Result<(), Failure> {
    let one = format!("{DEPLOYMENTS}/web");
    let body = deployment("web", "nginx:1").to_string();
    send(server, "POST", DEPLOYMENTS, "application/json", body).await?;
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        send(server, "GET", &one, "", String::new()).await?;
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    report("GET of a Deployment", rate, "per second, wanted 15000 at least");
    let bodies = ["nginx:2", "nginx:3"].map(|image| deployment("web", image).to_string());
    let apply = format!("{one}?fieldManager=bench&force=true");
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        for body in &bodies {
            send(server, "PATCH", &apply, APPLY, body.clone()).await?;
            count += 1;
        }
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    report("server-side apply of a Deployment", rate, "per second, wanted 4000 at least");
    Ok(())
}

/// Starts from a directory with many objects.
async fn restart() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("flux-speed-{}", std::process::id()));
    let store = Store::open_at(&folder)?;
    let collection = Collection::new("apps", "deployments");
    for number in 0..OBJECTS {
        let name = format!("d-{number}");
        let mut object = deployment(&name, "nginx:1");
        let key = format!("default/{name}");
        store.writer().put(Target { collection: &collection, key: &key, shape: 0 }, &mut object);
    }
    drop(store);
    let begun = Instant::now();
    let server = Server::start(options(Some(folder.clone())))?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    report("start with 10,000 objects on disk", took, "ms, wanted 1000 at most");
    drop(server);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn options(data_dir: Option<PathBuf>) -> Options {
    Options { seed: Some(1), controllers: Controllers::NONE, data_dir, ..Options::default() }
}

/// Reads the definitions of Flux.
fn definitions() -> Result<Vec<String>, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/crds");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        all.push(std::fs::read_to_string(entry?.path())?);
    }
    Ok(all)
}

fn deployment(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{
                "name": "web", "image": image, "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "env": [{"name": "A", "value": "1"}],
                "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}},
            }]},
        }},
    })
}

async fn send(
    server: &Server,
    method: &str,
    path: &str,
    content_type: &str,
    body: String,
) -> Result<Value, Failure> {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .header("user-agent", "bench/1")
        .header("authorization", format!("Bearer {}", server.admin_token()))
        .body(Full::new(Bytes::from(body)))?;
    let response = server.service().respond(request).await;
    let code = response.status();
    let Ok(body) = response.into_body().collect().await;
    if !code.is_success() {
        return Err(format!("{code}: {}", String::from_utf8_lossy(&body.to_bytes())).into());
    }
    match method {
        "GET" if path.ends_with("definitions") => Ok(serde_json::from_slice(&body.to_bytes())?),
        _ => Ok(Value::Null),
    }
}

/// Returns how much memory this process holds, in MiB.
fn resident() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = text.split_whitespace().nth(1).unwrap_or("0").parse()?;
    Ok(pages * 4096.0 / 1024.0 / 1024.0)
}

/// Returns how long this process computed, in seconds.
fn processor_time() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}

fn report(what: &str, value: f64, unit: &str) {
    println!("{what:36} {value:>10.1} {unit}");
}
