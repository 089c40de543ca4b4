//! Arguments of those who ask a server.

use super::profile_parser;
use clap::Args;
use std::path::PathBuf;
use tractor_engine::profiles::Profile;

/// Which server, and how to speak to it.
#[derive(Args, Clone)]
pub struct ServerOptions {
    /// Where the server answers; without http:// in front, too
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        env = "TRACTOR_SERVER",
        hide_env_values = true,
        value_parser = server_url
    )]
    pub server: String,

    /// Show the server the token in this file
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Print what the server says as JSON
    #[arg(long)]
    pub json: bool,
}

/// `tractor jobs`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor jobs
  tractor jobs --server http://sensor:8080 --token-file token
  tractor jobs --json | jq -r '.[] | select(.status.state == \"failed\").name'")]
pub struct JobsArguments {
    #[command(flatten)]
    pub server: ServerOptions,
}

/// `tractor status`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 the job has finished, or has not ended yet; 1 it failed or was \
cancelled, or the server did not say; 2 wrong usage.

Examples:
  tractor status 12
  tractor status 12 --watch && echo done"
)]
pub struct StatusArguments {
    /// The job's number
    #[arg(value_name = "JOB")]
    pub job: u64,

    /// Stay until the job is over, and show how far it is; with --json an object a line
    #[arg(long)]
    pub watch: bool,

    #[command(flatten)]
    pub server: ServerOptions,
}

/// `tractor process`.
#[derive(Args)]
#[command(
    after_help = "Prints a line for each job: its number, its state, the file. Exit codes: 0 all \
well; 1 nothing was processed; 2 wrong usage; 3 some files were not processed, or their jobs failed.

Examples:
  tractor process night.pcap
  tractor process /var/captures/*.pcap --wait
  tractor process --directory .
  tractor process night.pcap --profile cic --json | jq '.[0].status.job_id'"
)]
pub struct ProcessArguments {
    /// Captures in the server's folder; of a path only the last part counts
    #[arg(value_name = "FILE", required_unless_present_any = ["directory", "end"])]
    pub files: Vec<PathBuf>,

    /// Follow a folder as one stream without an end: the server's folder of captures (.), or one
    /// directly in it
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    pub directory: Option<String>,

    /// End the stream of such a job, with what it has read
    #[arg(long, value_name = "JOB", conflicts_with_all = ["files", "directory", "profile"])]
    pub end: Option<u64>,

    /// The profile of the jobs [default: the server's]
    #[arg(long, value_name = "NAME", value_parser = profile_parser())]
    pub profile: Option<&'static Profile>,

    /// Stay until all jobs are over
    #[arg(long)]
    pub wait: bool,

    #[command(flatten)]
    pub server: ServerOptions,
}

/// An address as requests begin with it: with its scheme, and without a slash at the end.
fn server_url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    match scheme {
        "http" => {}
        "https" => {
            return Err("https is not spoken here: go through a tunnel, such as ssh -L".to_owned());
        }
        _ => return Err("it begins with http://".to_owned()),
    }
    let rest = rest.trim_end_matches('/');
    let is_odd = |one: char| one.is_whitespace() || one.is_control() || "?#@\\".contains(one);
    if rest.is_empty() || rest.starts_with([':', '/']) || rest.contains(is_odd) {
        return Err("give a host and a port, such as http://127.0.0.1:8080".to_owned());
    }
    Ok(format!("http://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_has_its_scheme_and_no_slash_at_its_end() {
        for (given, taken) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("sensor:80/", "http://sensor:80"),
            ("http://[::1]:8080/tractor//", "http://[::1]:8080/tractor"),
        ] {
            assert_eq!(server_url(given).as_deref(), Ok(taken));
        }
        for wrong in ["", "http://", "ftp://a", "https://a", "http://:80", "a b", "u@h", "h?x", "/"]
        {
            assert!(server_url(wrong).is_err(), "{wrong}");
        }
    }
}
