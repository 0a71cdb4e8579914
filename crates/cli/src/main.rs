//! `striatum`, the one binary: each command is one file in `command`.
//! Results go to standard output, as text or as one JSON document; everything else goes to standard
//! error. Exit status 0: done. 1: the answer is no. 2: something given is wrong.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]
#![allow(clippy::disallowed_methods, reason = "the edge knows what time it is")]

mod command;
mod data;
mod draw;
mod effort;
mod machine;
mod network;
mod picture;
mod unit;
mod watched;

use std::process::ExitCode;

#[cfg(all(feature = "jemalloc", target_os = "linux"))]
resources::install_jemalloc!();

use clap::{CommandFactory, Parser, Subcommand};

/// Run spiking neural networks in production.
#[derive(Parser)]
#[command(name = "striatum", version, propagate_version = true)]
struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show a network: its graph, its conventions, its cost; find its profile from a recording.
    Inspect(command::inspect::Inspect),
    /// Run a network on data from a file.
    Run(command::run::Run),
    /// Write a network for another NIR version or another framework's conventions.
    Convert(command::convert::Convert),
    /// Serve the models of a folder over HTTP.
    Serve(command::serve::Serve),
    /// Classify held-out digits through a running server.
    Demo(command::demo::Demo),
    /// Run a circuit that a file describes.
    Simulate(command::simulate::Simulate),
    /// Train a network that a file describes.
    Train(command::train::Train),
    /// Statistics of recorded spikes.
    Analyse(command::analyse::Analyse),
    /// Measure how fast networks run here.
    Bench(command::bench::Bench),
    /// Work with the server's configuration.
    Config(command::config::Config),
    /// Make, list and revoke API keys.
    Key(command::key::Key),
    /// See and set what tenants of a running server may use.
    Tenant(command::tenant::Tenant),
    /// Check the audit log.
    Audit(command::audit::Audit),
    /// Remember and find through a running server; measure how well is found.
    Memory(command::memory::Memory),
    /// Act and learn through a running server; judge actions, decide learning requests.
    Agent(command::agent::Agent),
    /// Teach learners through a running server while they serve, and ask them.
    Learner(command::learner::Learner),
    /// Open sessions of models in a running server, and steer what they learn.
    Session(command::session::Session),
    /// Make, list, verify, restore and prune backups.
    Backup(command::backup::Backup),
    /// Give a tenant's memory to a program that speaks MCP over standard input and output.
    Mcp(command::mcp::Mcp),
    /// Find what is wrong with an installation.
    Doctor(command::doctor::Doctor),
    /// Show a server as it is now, in the terminal.
    Top(command::top::Top),
    /// Write a report of what a server did.
    Report(command::report::Report),
    /// List everything that can be seen; write files for Prometheus and Grafana.
    Catalogue(command::catalogue::Catalogue),
    /// Print this reference as Markdown.
    #[command(hide = true)]
    HelpMarkdown,
}

/// What a command concluded.
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// The answer is no.
    No,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if !matches!(cli.command, Command::Serve(_)) {
        // A reader that has seen enough ends the program, as it ends other tools.
        // SAFETY: no other thread runs yet, and the default action is a valid one.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
    let json = cli.json;
    let done = match cli.command {
        Command::Inspect(c) => c.run(json),
        Command::Run(c) => c.run(json),
        Command::Convert(c) => c.run(json),
        Command::Serve(c) => c.run(),
        Command::Demo(c) => c.run(json),
        Command::Simulate(c) => c.run(json),
        Command::Train(c) => c.run(json),
        Command::Analyse(c) => c.run(json),
        Command::Bench(c) => c.run(json),
        Command::Config(c) => c.run(json),
        Command::Key(c) => c.run(json),
        Command::Tenant(c) => c.run(json),
        Command::Audit(c) => c.run(json),
        Command::Memory(c) => c.run(json),
        Command::Agent(c) => c.run(json),
        Command::Learner(c) => c.run(json),
        Command::Session(c) => c.run(json),
        Command::Backup(c) => c.run(json),
        Command::Mcp(c) => c.run(),
        Command::Doctor(c) => c.run(json),
        Command::Top(c) => c.run(json),
        Command::Report(c) => c.run(json),
        Command::Catalogue(c) => c.run(json),
        Command::HelpMarkdown => {
            print!("{}", reference());
            Ok(Outcome::Done)
        }
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(error) => {
            if json {
                let problems: Vec<String> = report(&error).lines().map(Into::into).collect();
                println!("{}", serde_json::json!({ "error": problems }));
            }
            eprintln!("error: {}", report(&error));
            ExitCode::from(2)
        }
    }
}

/// An error with its causes, each said once.
pub(crate) fn report(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    text
}

/// The command line as Markdown: the text of `docs/generated/cli.md`.
fn reference() -> String {
    let mut text = String::from(
        "# Command line\n\nGenerated from the program; `UPDATE=1 cargo test -p cli` renews it.\n",
    );
    for command in Cli::command().get_subcommands_mut().filter(|c| !c.is_hide_set()) {
        section(command, "striatum", &mut text);
    }
    text
}

fn section(command: &mut clap::Command, above: &str, text: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let help = command.clone().bin_name(&name).term_width(96).render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    for inner in command.get_subcommands_mut().filter(|c| !c.is_hide_set()) {
        section(inner, &name, text);
    }
}
