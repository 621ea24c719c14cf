use super::*;

fn root() -> Command {
    let name = Flag::text("namespace", "namespace to work in").short('n').default("flux-system");
    let provider = Flag::custom(
        "provider",
        ("provider", |it| match it {
            "generic" => Ok(it.to_owned()),
            _ => Err("not a provider".to_owned()),
        }),
        "who stores it",
    );
    let git = Command::leaf("git", "Create a Git source")
        .operands("[name]")
        .flag(Flag::list("label", "labels"))
        .flag(Flag::bool("export", "print and stop"))
        .flag(provider)
        .flag(Flag::duration("interval", "how often").default("1m0s"));
    let get = Command::group("get", "Print objects")
        .alias(&["list"])
        .child(Command::leaf("all", "Print all"));
    Command::group("flux", "Assembles")
        .persistent([name])
        .child(Command::group("create", "Create objects").child(git))
        .child(get)
        .child(Command::leaf("install", "Install").arity(Arity::None))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn error(text: &str) -> String {
    parse(&root(), &words(text)).unwrap_err().0
}

fn matches(text: &str) -> Matches {
    match parse(&root(), &words(text)).unwrap() {
        Parsed::Run(matches) => matches,
        other => panic!("{other:?}"),
    }
}

#[test]
fn flags_stand_anywhere_and_values_in_every_form() {
    let it =
        matches("-n=apps create git podinfo --export --label a=b,c=d --label=e=f --interval 5m");
    assert_eq!(it.path, ["create", "git"]);
    assert_eq!(it.arguments, ["podinfo"]);
    assert_eq!(it.text("namespace"), "apps");
    assert_eq!(it.list("label"), ["a=b", "c=d", "e=f"]);
    assert!(it.is_on("export") && it.given("export") && !it.given("provider"));
    assert_eq!(it.duration("interval").as_secs(), 300);
    assert_eq!(matches("create git -napps x").text("namespace"), "apps");
    assert_eq!(matches("create git -- --export").arguments, ["--export"]);
}

#[test]
fn what_does_not_fit_is_told_in_the_words_of_the_original() {
    assert_eq!(error("create git --foo"), "unknown flag: --foo");
    assert_eq!(error("create git -zx"), "unknown shorthand flag: 'z' in -zx");
    assert_eq!(error("create git --provider"), "flag needs an argument: --provider");
    assert_eq!(error("create git -n"), "flag needs an argument: 'n' in -n");
    assert_eq!(
        error("create git --provider=x"),
        "invalid argument \"x\" for \"--provider\" flag: not a provider"
    );
    assert_eq!(
        error("create git --export=maybe"),
        "invalid argument \"maybe\" for \"--export\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"
    );
    assert_eq!(error("install here"), "unknown command \"here\" for \"flux install\"");
}

#[test]
fn a_command_that_is_not_known_is_answered_with_those_like_it() {
    assert_eq!(
        error("gett"),
        "unknown command \"gett\" for \"flux\"\n\nDid you mean this?\n\tget\n"
    );
    assert_eq!(error("zzzzzz"), "unknown command \"zzzzzz\" for \"flux\"");
}

#[test]
fn a_group_alone_prints_its_help() {
    assert!(
        matches!(parse(&root(), &words("get")).unwrap(), Parsed::Help(path) if path == ["get"])
    );
    assert!(matches!(parse(&root(), &words("list nothing")).unwrap(), Parsed::Help(_)));
}

#[test]
fn help_has_the_form_of_the_original() {
    let expected = "Create a Git source

Usage:
  flux create git [name] [flags]

Flags:
      --export              print and stop
      --interval duration   how often (default 1m0s)
      --label strings       labels
      --provider provider   who stores it

Global Flags:
  -n, --namespace string   namespace to work in (default \"flux-system\")
";
    assert_eq!(help(&root(), &["create", "git"]), expected);
    let group = help(&root(), &["get"]);
    assert!(group.contains("Usage:\n  flux get [command]\n\nAliases:\n  get, list\n\nAvailable Commands:\n  all         Print all\n"), "{group}");
}

#[test]
fn a_shell_is_told_commands_flags_and_values() {
    let told = |text: &str, last: &str| {
        let mut words = words(text);
        words.push(last.to_owned());
        match ask(&root(), &words) {
            Asked::Words(found, directive) => print(&found, directive, true),
            other @ Asked::Outside(..) => format!("{other:?}"),
        }
    };
    assert_eq!(told("", "cr"), "create\tCreate objects\n:4\n");
    assert_eq!(told("create git", "--ex"), "--export\tprint and stop\n:4\n");
    assert_eq!(told("create git --provider", ""), ":0\n");
}
