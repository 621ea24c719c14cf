//! The scripts that teach shells to ask `flux __complete`.

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// GNU bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
    /// PowerShell.
    Pwsh,
}

/// Returns the script for a shell.
pub(crate) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("scripts/flux.bash"),
        Shell::Zsh => include_str!("scripts/flux.zsh"),
        Shell::Fish => include_str!("scripts/flux.fish"),
        Shell::Pwsh => include_str!("scripts/flux.ps1"),
    }
}
