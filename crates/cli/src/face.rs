//! Which of its faces the executable shows: the command, or controllers.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use flux_host::{Component, StandaloneError, run_standalone};

use crate::interrupt::interrupted;
use crate::{CliError, Environment, Exit, Io};

/// What the executable is to be.
#[derive(Debug, PartialEq, Eq)]
enum Face {
    /// `flux`, with all arguments.
    Command(Vec<OsString>),
    /// Controllers, with the arguments behind their names.
    Controllers(BTreeSet<Component>, Vec<OsString>),
}

/// Runs what the name of the executable or its first argument asks for.
///
/// A controller is asked for by upstream's name of its binary, as name of the executable or as
/// first argument; `controllers --components a,b` asks for several in one process.
pub async fn start(arguments: Vec<OsString>, environment: &Environment, io: &mut Io) -> Exit {
    match face(arguments) {
        Ok(Face::Command(arguments)) => crate::run(arguments, environment, io, None).await,
        Ok(Face::Controllers(components, arguments)) => {
            controllers(&components, arguments, io).await
        }
        Err(error) => {
            // Without a stream there is nobody to tell; the status still says it.
            let _ = io.failure(&error.to_string());
            Exit::FAILURE
        }
    }
}

async fn controllers(
    components: &BTreeSet<Component>,
    arguments: Vec<OsString>,
    io: &mut Io,
) -> Exit {
    match run_standalone(components, arguments, interrupted()).await {
        Ok(()) => Exit::SUCCESS,
        Err(StandaloneError::Flags(error)) if !error.use_stderr() => {
            let _ = io.data(&error.render().to_string());
            Exit::SUCCESS
        }
        Err(error) => {
            let _ = io.failure(error.to_string().trim_end());
            Exit::FAILURE
        }
    }
}

fn face(arguments: Vec<OsString>) -> Result<Face, CliError> {
    let component = |name: &OsStr| name.to_str().and_then(|name| name.parse::<Component>().ok());
    let called = arguments.first().map(Path::new).and_then(Path::file_stem);
    if let Some(one) = called.and_then(component) {
        return Ok(Face::Controllers(
            BTreeSet::from([one]),
            arguments.into_iter().skip(1).collect(),
        ));
    }
    let Some(first) = arguments.get(1) else { return Ok(Face::Command(arguments)) };
    if let Some(one) = component(first) {
        return Ok(Face::Controllers(
            BTreeSet::from([one]),
            arguments.into_iter().skip(2).collect(),
        ));
    }
    if first != "controllers" {
        return Ok(Face::Command(arguments));
    }
    let mut rest = arguments.into_iter().skip(2).collect();
    let components = take_components(&mut rest)?;
    Ok(Face::Controllers(components, rest))
}

/// Takes `--components a,b` or `--components=a,b` out of the arguments; all of them without it.
fn take_components(arguments: &mut Vec<OsString>) -> Result<BTreeSet<Component>, CliError> {
    const FLAG: &str = "--components";
    let is_flag = |it: &OsString| {
        it.to_str().is_some_and(|it| {
            it == FLAG || it.strip_prefix(FLAG).is_some_and(|it| it.starts_with('='))
        })
    };
    let Some(place) = arguments.iter().position(is_flag) else {
        return Ok(Component::ALL.into_iter().collect());
    };
    let flag = arguments.remove(place).into_string().unwrap_or_default();
    let list = match flag.split_once('=') {
        Some((_, list)) => list.to_owned(),
        None if place < arguments.len() => {
            arguments.remove(place).into_string().unwrap_or_default()
        }
        None => return Err(CliError::Usage(format!("flag needs an argument: {FLAG}"))),
    };
    let components =
        Component::parse_list(&list).map_err(|error| CliError::Usage(error.to_string()))?;
    if components.is_empty() {
        return Err(CliError::Usage("no component to run".to_owned()));
    }
    Ok(components)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Face {
        face(arguments.iter().map(OsString::from).collect()).unwrap()
    }

    fn texts(arguments: &[&str]) -> Vec<OsString> {
        arguments.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_controller_is_called_by_the_name_of_the_executable_or_by_the_first_argument() {
        let source = BTreeSet::from([Component::SourceController]);
        let expected = || Face::Controllers(source.clone(), texts(&["--log-level=info"]));
        assert_eq!(of(&["/usr/bin/source-controller", "--log-level=info"]), expected());
        assert_eq!(of(&["flux", "source-controller", "--log-level=info"]), expected());
    }

    #[test]
    fn several_controllers_are_listed() {
        let all: BTreeSet<_> = Component::ALL.into_iter().collect();
        let list = "source-controller,kustomize-controller";
        let expected = || Face::Controllers(all.clone(), texts(&["--concurrent=2"]));
        assert_eq!(
            of(&["flux", "controllers", "--components", list, "--concurrent=2"]),
            expected()
        );
        assert_eq!(
            of(&["flux", "controllers", &format!("--components={list}"), "--concurrent=2"]),
            expected()
        );
        assert!(face(texts(&["flux", "controllers", "--components=none"])).is_err());
    }

    #[test]
    fn everything_else_is_the_command() {
        assert_eq!(of(&["flux", "get", "all"]), Face::Command(texts(&["flux", "get", "all"])));
        assert_eq!(of(&["flux"]), Face::Command(texts(&["flux"])));
    }
}
