//! A real FTP server and a real client: control and data are one session, whoever opens the connection for
//! the data.

use super::stage::{SERVER, Stage};
use crate::cli::run::{start_command, until};
use serde_json::Value;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;

/// Files that are fetched over one control connection.
const FILES: usize = 3;
/// More than a segment.
const FILE_BYTES: usize = 40_000;

/// `None` where there is no server, and then says so.
fn serve(stage: &Stage) -> Option<()> {
    if !Path::new("/usr/sbin/vsftpd").exists() {
        println!("skipped: no vsftpd");
        return None;
    }
    let files = stage.folder.path().join("served");
    std::fs::create_dir(&files).unwrap();
    for file in 0..FILES {
        std::fs::write(files.join(format!("{file}.bin")), vec![b'f'; FILE_BYTES]).unwrap();
    }
    let settings = stage.folder.path().join("vsftpd.conf");
    let text = format!(
        "listen=YES\nlisten_address={SERVER}\nbackground=NO\nanonymous_enable=YES\nno_anon_password=YES\n\
         anon_root={}\nseccomp_sandbox=NO\nrun_as_launching_user=YES\nsecure_chroot_dir=/var/empty\n\
         port_enable=YES\npasv_enable=YES\nconnect_from_port_20=NO\n",
        files.display()
    );
    std::fs::write(&settings, text).unwrap();
    std::fs::create_dir_all("/var/empty").unwrap();
    stage.start_on_server("/usr/sbin/vsftpd", &[settings.to_str().unwrap()]);
    until("the server listens", || {
        let (tell, told) = channel();
        stage.on_machine(move || tell.send(TcpStream::connect((SERVER, 21)).is_ok()).unwrap());
        told.recv().unwrap()
    });
    Some(())
}

/// The sessions of the only capture.
fn sessions(stage: &Stage) -> Vec<Value> {
    let captures = stage.captures();
    let [capture] = captures.as_slice() else { panic!("{captures:?}") };
    let path = capture.to_str().unwrap();
    let printed = stage.tell(&["sessions", path, "--format", "jsonl", "-q"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    printed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Fetches all files over one connection, with these words for the client before.
fn fetch(stage: &Stage, isolated: bool, client: &[&str]) -> Vec<Value> {
    let urls: Vec<String> = (0..FILES).map(|file| format!("ftp://{SERVER}/{file}.bin")).collect();
    let mut arguments = vec!["--label", "ftp"];
    if !isolated {
        arguments.extend(["--interface", "cable", "--filter", "tcp"]);
    }
    arguments.extend(["--", "curl", "-s", "--no-progress-meter"]);
    arguments.extend(client);
    for url in &urls {
        arguments.extend(["-o", "/dev/null", url]);
    }
    let finished = start_command(&mut stage.capture(&arguments), Stdio::null())
        .finish(std::time::Duration::from_secs(30));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    sessions(stage)
}

/// One session of the control connection and one connection for each file.
fn check(sessions: &[Value]) {
    let of_ftp: Vec<&Value> = sessions.iter().filter(|one| one["label"] == "ftp").collect();
    let [session] = of_ftp.as_slice() else { panic!("{sessions:?}") };
    assert_eq!(session["flows"], 1 + FILES, "{session}");
    assert_eq!(session["joined_by"], "ftp", "{session}");
    assert_eq!(session["session_id"], session["flow_ids"][0], "{session}");
    let fetched = session["payload_bytes_bwd"].as_u64().unwrap();
    assert!(fetched >= (FILES * FILE_BYTES) as u64, "{session}");
}

#[test]
fn control_and_data_of_a_passive_client_are_one_session() {
    for client in [&[][..], &["--disable-epsv"]] {
        let Some(stage) = Stage::new() else { return };
        if serve(&stage).is_none() {
            return;
        }
        check(&fetch(&stage, true, client));
    }
}

#[test]
fn control_and_data_of_an_active_client_are_one_session() {
    for client in [&["--ftp-port", "-"][..], &["--ftp-port", "-", "--disable-eprt"]] {
        let Some(stage) = Stage::new() else { return };
        if serve(&stage).is_none() {
            return;
        }
        check(&fetch(&stage, false, client));
    }
}
