//! The way out: source addresses are translated by a table of nftables of our own, and packets forwarded.

use super::plan::Plan;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// Whether the machine forwards packets: `0` or `1`.
///
/// # Errors
/// Those of the file.
pub fn forwarding() -> io::Result<String> {
    Ok(fs::read_to_string(FORWARDING)?.trim().to_owned())
}

/// Lets the machine forward packets, or not.
///
/// # Errors
/// Those of the file.
pub fn set_forwarding(value: &str) -> io::Result<()> {
    fs::write(FORWARDING, value)
}

/// Makes the table, which has the name of the interface. Only what the application asks for comes back to it;
/// and where nothing was forwarded before (`was_off`), only what is captured is.
///
/// # Errors
/// A sentence.
pub fn make_table(interface: &str, plan: &Plan, was_off: bool) -> Result<(), String> {
    let network = plan.network;
    let others = match was_off {
        true => format!("iifname != \"{ANY}\" oifname != \"{ANY}\" drop"),
        false => String::new(),
    };
    apply(&format!(
        "table ip {interface} {{
            chain postrouting {{
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr {network} ip daddr != {network} masquerade
            }}
            chain forward {{
                type filter hook forward priority filter; policy accept;
                oifname \"{interface}\" ct state new drop
                {others}
            }}
        }}\n"
    ))
}

/// The interfaces of all captures.
const ANY: &str = "tractor*";

/// Removes the table, which may not be there. Where nft is not, nobody made one.
///
/// # Errors
/// A sentence.
pub fn remove_table(interface: &str) -> Result<(), String> {
    let rules = format!("table ip {interface} {{}}\ndelete table ip {interface}\n");
    start()?.map_or(Ok(()), |nft| feed(nft, &rules))
}

/// Whether tables can be made.
///
/// # Errors
/// A sentence.
pub fn check() -> Result<(), String> {
    apply("")
}

/// Applies rules, all or none.
fn apply(rules: &str) -> Result<(), String> {
    let nft = start()?.ok_or(
        "nft, which translates addresses, is not installed (package nftables); \
         --no-nat does without, for a network that is closed",
    )?;
    feed(nft, rules)
}

/// Starts nft, if it is installed; root's path is not everybody's.
fn start() -> Result<Option<Child>, String> {
    for program in ["nft", "/usr/sbin/nft", "/sbin/nft"] {
        let mut command = Command::new(program);
        command
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C on our terminal is for us: what is begun is done, and undone.
            .process_group(0);
        match command.spawn() {
            Ok(child) => return Ok(Some(child)),
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) => return Err(format!("nft cannot be started: {cause}")),
        }
    }
    Ok(None)
}

fn feed(mut nft: Child, rules: &str) -> Result<(), String> {
    if let Some(mut input) = nft.stdin.take() {
        // If it does not read, it says why.
        let _ = input.write_all(rules.as_bytes());
    }
    let output = nft.wait_with_output().map_err(|cause| format!("nft was lost: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(match String::from_utf8_lossy(&output.stderr).lines().next() {
        Some(why) => format!("nft refuses to translate addresses: {why}"),
        None => format!("nft, which translates addresses, ended without a word: {}", output.status),
    })
}
