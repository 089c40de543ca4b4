//! A real call: its signalling and its media are one session.

use super::stage::{MACHINE, SERVER, Stage};
use crate::cli::run::start_command;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Media that come with the program; its scenario looks for them in a folder `pcap`.
const MEDIA: &str = "/usr/share/sip-tester";
/// The call lasts eight seconds.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn signalling_and_media_of_a_call_are_one_session() {
    let Some(stage) = Stage::new() else { return };
    if !Path::new("/usr/bin/sipp").exists() || !Path::new(MEDIA).exists() {
        println!("skipped: no sipp");
        return;
    }
    let folder = stage.folder.path();
    std::os::unix::fs::symlink(MEDIA, folder.join("pcap")).unwrap();
    let callee = ["-sn", "uas", "-i", SERVER, "-mi", SERVER, "-rtp_echo", "-nostdin"];
    stage.start_on_server("sipp", &callee);
    let script = format!(
        "cd {} && until sipp -sn uac_pcap -i {MACHINE} -mi {MACHINE} -m 1 -nostdin {SERVER}; do sleep 1; done",
        folder.display()
    );
    let arguments = ["--label", "call", "--interface", "cable", "--filter", "udp"];
    let arguments = [&arguments[..], &["--", "sh", "-c", &script]].concat();
    let mut command = stage.capture(&arguments);
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let captures = stage.captures();
    let path = captures[0].to_str().unwrap();
    let printed = stage.tell(&["sessions", path, "--format", "jsonl", "-q"]);
    let sessions: Vec<Value> =
        printed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [session] = sessions.as_slice() else { panic!("{sessions:?}") };
    assert_eq!((&session["flows"], &session["joined_by"]), (&2.into(), &"sip".into()), "{session}");
    // The callee sends back what it hears: media of eight seconds, a packet each 30 ms or 20 ms.
    for packets in ["packets_fwd", "packets_bwd"] {
        assert!(session[packets].as_u64() > Some(200), "{session}");
    }
}
