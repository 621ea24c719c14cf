use super::*;
use crate::Insecure;

fn user(config: &Config, repository: &str) -> String {
    let repository = Repository::parse(repository, Insecure::Refused).unwrap();
    match config.find(&repository) {
        Some(Credentials::Basic { username, .. }) => username,
        other => format!("{other:?}"),
    }
}

fn config(entries: &[(&str, &str)]) -> Config {
    let auths: serde_json::Map<_, _> = entries
        .iter()
        .map(|(address, user)| {
            let entry = serde_json::json!({ "username": user, "password": "p" });
            ((*address).to_owned(), entry)
        })
        .collect();
    Config::parse(serde_json::json!({ "auths": auths }).to_string().as_bytes()).unwrap()
}

#[test]
fn the_most_specific_entry_wins() {
    let config = config(&[
        ("*.azurecr.io", "wild"),
        ("my.azurecr.io", "host"),
        ("my.azurecr.io/team", "team"),
        ("my.azurecr.io/team/app", "app"),
        ("reg[0-9].example.com:5000", "set"),
        ("https://index.docker.io/v1/", "hub"),
        ("https://plain.example.com/v2/", "v2"),
    ]);
    assert_eq!(user(&config, "other.azurecr.io/x1"), "wild");
    assert_eq!(user(&config, "my.azurecr.io/x1"), "host");
    assert_eq!(user(&config, "my.azurecr.io/team/x"), "team");
    assert_eq!(user(&config, "my.azurecr.io/team/app"), "app");
    assert_eq!(user(&config, "reg7.example.com:5000/x1"), "set");
    assert_eq!(user(&config, "regx.example.com:5000/x1"), "None");
    assert_eq!(user(&config, "reg7.example.com/x1"), "None");
    assert_eq!(user(&config, "alpine"), "hub");
    assert_eq!(user(&config, "plain.example.com/x1"), "v2");
    assert_eq!(user(&config, "deep.er.azurecr.io/x1"), "None");
}

#[test]
fn passwords_come_in_several_forms() {
    let find = |entry: &str| {
        let text = format!("{{\"auths\":{{\"r.io\":{entry}}}}}");
        Config::parse(text.as_bytes())
            .map(|config| config.find_exact("r.io").unwrap())
            .map_err(|error| error.to_string())
    };
    let basic = Credentials::Basic { username: "user".to_owned(), password: "pa:ss".to_owned() };
    let auth = STANDARD.encode("user:pa:ss");
    assert_eq!(find(&format!("{{\"auth\":\"{auth}\"}}")), Ok(basic.clone()));
    let unpadded = auth.trim_end_matches('=');
    assert_eq!(find(&format!("{{\"auth\":\"{unpadded}\"}}")), Ok(basic));
    assert_eq!(find("{\"identitytoken\":\"t\"}"), Ok(Credentials::Identity("t".to_owned())));
    assert_eq!(find("{\"registrytoken\":\"t\"}"), Ok(Credentials::Bearer("t".to_owned())));
    assert_eq!(find("{}"), Ok(Credentials::Anonymous));
    assert_eq!(find("{\"auth\":\"!\"}"), Err("invalid docker config: auth of r.io".to_owned()));
    let legacy =
        Config::parse_legacy(b"{\"r.io\":{\"username\":\"u\",\"password\":\"p\"}}").unwrap();
    assert!(matches!(legacy.find_exact("r.io"), Some(Credentials::Basic { .. })));
}

#[test]
fn of_two_secrets_the_first_wins_and_the_second_fills_in() {
    let mut first = config(&[("r.io", "first")]);
    first.merge(config(&[("r.io", "second"), ("s.io", "second")]));
    assert_eq!(user(&first, "r.io/app"), "first");
    assert_eq!(user(&first, "s.io/app"), "second");
}
