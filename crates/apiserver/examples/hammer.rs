//! Writes to a data directory until it is killed: `hammer DIR SEED`. Each line of its output is one
//! write that was acknowledged: `+NAME VALUE` or `-NAME`.

use std::io::Write;
use std::path::Path;

use flux_apiserver::random::Random;
use flux_apiserver::store::{Collection, Store, Target};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(seed)) = (args.next(), args.next()) else {
        return Err("usage: hammer DIR SEED".into());
    };
    let store = Store::open_at(Path::new(&dir))?;
    let random = Random::from_seed(seed.parse()?);
    let collection = Collection::new("", "configmaps");
    let mut out = std::io::stdout().lock();
    loop {
        let name = format!("map-{:02}", random.below(40));
        let target = Target { collection: &collection, key: &name, shape: 0 };
        let line = if random.below(4) == 0 {
            store.writer().delete(target);
            format!("-{name}\n")
        } else {
            let value = random.next_u64();
            let mut object = json!({"metadata": {"name": name}, "data": {"value": value}});
            store.writer().put(target, &mut object);
            format!("+{name} {value}\n")
        };
        if store.has_failed() {
            return Err("a write did not get to the disk".into());
        }
        out.write_all(line.as_bytes())?;
        out.flush()?;
    }
}
