//! What is in the file, and how a capture ends.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::server::{PAGE_BYTES, PORT, serve};
use super::stage::{MACHINE, SERVER, Stage};
use crate::cli::run::{Finished, TRACTOR, Table, start_command, until};
use crate::support::capture::RawPacket;
use crate::support::capture_reader::read;

const PATIENCE: Duration = Duration::from_secs(30);

fn packets(path: &Path) -> Vec<RawPacket> {
    read(&std::fs::read(path).unwrap()).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn the_capture(stage: &Stage) -> std::path::PathBuf {
    match stage.captures().as_slice() {
        [one] => one.clone(),
        other => panic!("{other:?}"),
    }
}

/// Protocol, addresses and what is behind the header of an IPv4 packet in Ethernet.
fn ip(packet: &RawPacket) -> Option<(u8, [Ipv4Addr; 2], &[u8])> {
    let data = packet.data.as_slice();
    if data[12..14] != [8, 0] {
        return None;
    }
    let header = &data[14..];
    let end = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&header[at..at + 4]).unwrap());
    let payload = &header[usize::from(header[0] & 15) * 4..end];
    Some((header[9], [address(12), address(16)], payload))
}

/// The ones' complement sum of a segment and its pseudo header: all ones if its checksum is right.
fn sum(protocol: u8, addresses: [Ipv4Addr; 2], payload: &[u8]) -> u32 {
    let mut bytes = addresses.map(|address| address.octets()).concat();
    bytes.extend([0, protocol]);
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend(payload);
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    (sum & 0xffff) + (sum >> 16)
}

/// Something that the machine sends all the time.
fn noise(stage: &Stage) -> Arc<AtomicBool> {
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&over);
    stage.on_machine(move || {
        let socket = UdpSocket::bind((MACHINE, 0)).unwrap();
        while !seen.load(Ordering::Relaxed) {
            let _ = socket.send_to(b"not of the application", (SERVER, 9));
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    over
}

#[test]
fn all_packets_of_an_application_are_recorded_and_no_others() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let over = noise(&stage);
    let url = format!("http://web.test:{PORT}/");
    let finished = stage.run(&[
        "--label",
        "web",
        "--dns",
        SERVER,
        "--",
        "curl",
        "-s",
        "-o",
        "/dev/null",
        &url,
    ]);
    over.store(true, Ordering::Relaxed);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let path = the_capture(&stage);
    let packets = packets(&path);
    let own: Ipv4Addr = [10, 0, 0, 1].into();
    let mut flags = Vec::new();
    let (mut names, mut payload_bytes) = (0, 0);
    for packet in &packets {
        assert!(packet.data.len() <= 1_514, "cut as on a wire: {}", packet.data.len());
        assert_eq!(packet.original_bytes as usize, packet.data.len());
        let Some((protocol, addresses, payload)) = ip(packet) else { continue };
        assert!(addresses.contains(&own), "{addresses:?}");
        assert!(
            sum(protocol, addresses, payload).is_multiple_of(0xffff),
            "a checksum is wrong: {addresses:?}"
        );
        match protocol {
            6 => {
                flags.push(payload[13]);
                payload_bytes += payload.len() - usize::from(payload[12] >> 4) * 4;
            }
            17 => names += 1,
            other => panic!("protocol {other}"),
        }
    }
    assert!(names >= 2, "a question and an answer");
    assert!(payload_bytes > PAGE_BYTES, "{payload_bytes}");
    assert_eq!(flags[..3], [0x02, 0x12, 0x10], "the handshake");
    assert!(flags.iter().filter(|flags| **flags & 1 == 1).count() >= 2, "both have ended it");
    stage.assert_nothing_is_left();

    let name = path.file_name().unwrap().to_str().unwrap();
    let shape: String =
        name.chars().map(|one| if one.is_ascii_digit() { 'd' } else { one }).collect();
    assert_eq!(shape, "web_dd-dd-dddd-dd-dd.pcapng");
    let bytes = std::fs::read(&path).unwrap();
    let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    for comment in
        ["label: web", &format!("command: curl -s -o /dev/null {url}"), "host: ", "start: 20"]
    {
        assert!(holds(comment.as_bytes()), "{comment}");
    }
    assert!(holds(&[9, 0, 1, 0, 9, 0, 0, 0]), "times are nanoseconds");
    let flows = stage.tell(&["flows", path.to_str().unwrap(), "--profile", "iscx"]);
    assert_eq!(flows.code, Some(0), "{flows:?}");
    assert!(
        Table::of(&flows.output).column("label").iter().all(|class| *class == "web"),
        "{flows:?}"
    );
}

#[test]
fn a_capture_ends_as_its_application_does() {
    let Some(stage) = Stage::new() else { return };
    let cases = [("exit 7", 7), ("kill -SEGV $$", 139), ("sleep 600 & exit 0", 0)];
    for (script, code) in cases {
        let finished = stage.run(&["--label", "sh", "--", "sh", "-c", script]);
        assert_eq!(finished.code, Some(code), "{script}: {finished:?}");
        stage.assert_nothing_is_left();
    }
    // All in one minute, or in two.
    let captures = stage.captures();
    assert_eq!(captures.len(), cases.len());
    for path in captures {
        assert!(packets(&path).is_empty(), "{path:?}");
        let flows = stage.tell(&["flows", path.to_str().unwrap()]);
        assert_eq!(flows.code, Some(0), "{flows:?}");
    }
    let finished = stage.run(&["--", "./nosuch"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.messages, "error: ./nosuch cannot be started: No such file or directory\n");
    assert_eq!(stage.captures().len(), cases.len());
    stage.assert_nothing_is_left();
}

fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

#[test]
fn an_interrupt_or_a_duration_ends_the_application_and_the_file_is_whole() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let url = format!("http://{SERVER}:{PORT}/");
    let script = format!(
        "curl -s -o /dev/null {url}; touch {}/done; sleep 600 & sleep 600",
        stage.folder.path().display()
    );
    let command = ["--label", "long", "--", "sh", "-c", &script];
    let check = |finished: &Finished, code: i32| {
        assert_eq!(finished.code, Some(code), "{finished:?}");
        stage.assert_nothing_is_left();
        let path = stage.captures().pop().unwrap();
        assert!(packets(&path).len() > 10, "{path:?}");
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(stage.folder.path().join("done")).unwrap();
    };
    for name in ["-INT", "-TERM"] {
        let running = stage.start(&command);
        until("the page is there", || stage.folder.path().join("done").exists());
        signal(name, running.child.id());
        check(&running.finish(PATIENCE), 130);
    }
    check(&stage.run(&[&["--duration", "1s"], &command[..]].concat()), 0);
}

#[test]
fn an_interrupt_or_a_duration_ends_the_record_of_an_interface() {
    let Some(stage) = Stage::new() else { return };
    let arguments = ["--interface", "cable", "--label", "cable"];
    let running = stage.start(&arguments);
    until("it is recorded", || !stage.captures().is_empty());
    signal("-INT", running.child.id());
    let finished = running.finish(PATIENCE);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let finished = stage.run(&[&arguments[..], &["--duration", "100ms"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for path in stage.captures() {
        packets(&path);
    }
}

/// What a terminal does on Ctrl-C: it sends the signal to all that are in its foreground.
#[test]
fn an_interrupt_from_a_terminal_leaves_nft_alone() {
    let Some(stage) = Stage::new() else { return };
    // Whenever nft is to do something there is a Ctrl-C first.
    let own = stage.folder.path().join("nft");
    let script = format!(
        "[ \"$1\" = -f ] && kill -s INT -- -$PPID && echo >> {0}s\nexec {0} \"$@\"",
        own.display()
    );
    stage.replace_nft(&script);
    let mut command = stage.capture(&["--label", "long", "--", "sleep", "600"]);
    command.process_group(0);
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!((finished.code, finished.output.as_str()), (Some(130), ""), "{finished:?}");
    let calls = std::fs::read_to_string(stage.folder.path().join("nfts")).unwrap();
    assert_eq!(calls.lines().count(), 3, "it is looked for, makes the table, and removes it");
    stage.assert_nothing_is_left();
}

#[test]
fn without_translation_the_machine_stays_as_it_is() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let url = format!("http://{SERVER}:{PORT}/");
    let look = "cat /proc/sys/net/ipv4/ip_forward; ip -brief address show eth0; ip route; cat /etc/resolv.conf";
    let script = format!("{look}; curl -s -m 1 -o /dev/null {url}");
    let network = ["--network", "10.7.0.0/16", "--address", "10.7.0.9", "--gateway", "10.7.1.1"];
    let arguments =
        [&network[..], &["--no-nat", "--dns", "10.7.1.1", "--", "sh", "-c", &script]].concat();
    let running = stage.start(&arguments);
    until("the application has its network", || stage.prints("ip -brief link").contains("tractor"));
    assert_eq!(stage.prints("cat /proc/sys/net/ipv4/ip_forward"), "0\n");
    assert_eq!(stage.prints("nft list tables"), "");
    let finished = running.finish(PATIENCE);
    assert_eq!(finished.code, Some(28), "curl waits in vain: {finished:?}");
    for part in ["10.7.0.9/16", "default via 10.7.1.1", "nameserver 10.7.1.1\n"] {
        assert!(finished.output.contains(part), "{finished:?}");
    }
    stage.assert_nothing_is_left();
}

#[test]
fn the_application_is_of_the_user_who_called_and_so_is_the_file() {
    let Some(stage) = Stage::new() else { return };
    let mut command = stage.capture(&[
        "--label",
        "id",
        "--",
        "sh",
        "-c",
        "id -u; id -g; id -G; echo $HOME; ps ax",
    ]);
    command.env("SUDO_UID", "65534").env("SUDO_GID", "65534");
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.output.starts_with("65534\n65534\n65534\n/"), "{finished:?}");
    assert!(finished.output.lines().count() < 10, "it sees its own processes alone: {finished:?}");
    let about = the_capture(&stage).metadata().unwrap();
    assert_eq!((about.uid(), about.gid()), (65_534, 65_534));
}

#[test]
fn where_files_cannot_be_given_away_they_are_written_all_the_same() {
    let Some(stage) = Stage::new() else { return };
    let mut command = stage.command("setpriv");
    command.args(["--bounding-set", "-chown", "--", TRACTOR, "--no-config", "capture", "-o"]);
    command.arg(stage.folder.path()).args(["--label", "kept", "--", "id", "-u"]);
    command.env("SUDO_UID", "65534").env("SUDO_GID", "65534");
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!((finished.code, finished.output.as_str()), (Some(0), "65534\n"), "{finished:?}");
    assert_eq!(the_capture(&stage).metadata().unwrap().uid(), 0);
    stage.assert_nothing_is_left();
}

#[test]
fn a_narrow_umask_hides_neither_name_servers_nor_captures() {
    let Some(stage) = Stage::new() else { return };
    let mut command = stage.command("sh");
    let script = "umask 077; exec \"$0\" \"$@\"";
    command.args(["-c", script, TRACTOR, "--no-config", "capture", "-o"]);
    command.arg(stage.folder.path()).args(["--label", "narrow", "--dns", SERVER, "--"]);
    // The application is of a user who may read little.
    let look = "cat /etc/resolv.conf; exec \"$0\" --no-config capture --list";
    command.args(["sh", "-c", look, TRACTOR]);
    command.env("SUDO_UID", "65534").env("SUDO_GID", "65534");
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for part in [&format!("nameserver {SERVER}\n"), "\tnarrow\t10.0.0.0/24\t"] {
        assert!(finished.output.contains(part), "{part}: {finished:?}");
    }
    stage.assert_nothing_is_left();
}

#[test]
fn a_folder_may_have_any_name() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.folder.path().join(OsStr::from_bytes(b"no text \xff"));
    std::fs::create_dir(&folder).unwrap();
    let mut command = stage.capture(&["-o"]);
    command.arg(&folder).args(["--label", "any", "--", "true"]);
    let finished = start_command(&mut command, Stdio::null()).finish(PATIENCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    stage.assert_nothing_is_left();
}

#[test]
fn an_interface_is_recorded_as_it_is() {
    let Some(stage) = Stage::new() else { return };
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    drop(own);
    let sends = "for i in 1 2 3; do echo $i > /dev/udp/127.0.0.1/4000; sleep 0.05; done";
    let arguments = ["--interface", "lo", "--label", "loop", "--", "bash", "-c", sends];
    let finished = stage.run(&arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let path = the_capture(&stage);
    let sent = packets(&path);
    let questions =
        sent.iter().filter(|packet| ip(packet).is_some_and(|(protocol, ..)| protocol == 17));
    assert_eq!(questions.count(), 3, "each of them once");
    std::fs::remove_file(path).unwrap();

    let filter = ["--filter", "udp port 9 and host 198.51.100.2", "--duration", "600ms"];
    let over = noise(&stage);
    let finished =
        stage.run(&[&["--interface", "cable", "--label", "cable"], &filter[..]].concat());
    over.store(true, Ordering::Relaxed);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let sent = packets(&the_capture(&stage));
    assert!(
        sent.len() > 10
            && sent.iter().all(|packet| ip(packet).is_some_and(|(protocol, ..)| protocol == 17))
    );
    stage.assert_nothing_is_left();
}

#[test]
fn on_a_full_disk_the_file_ends_with_a_whole_block() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let url = format!("http://{SERVER}:{PORT}/");
    stage.prints("mkdir /run/full");
    stage.prints("mount -t tmpfs -o size=200k none /run/full");
    let script = format!("for i in 1 2 3; do curl -s -o /dev/null {url}; done; sleep 600");
    let finished = stage.run(&["-o", "/run/full", "--label", "full", "--", "sh", "-c", &script]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.messages.starts_with("error: /run/full/full_"), "{finished:?}");
    assert!(
        finished.messages.ends_with(".pcapng ends early: No space left on device\n"),
        "{finished:?}"
    );
    let flows = stage.tell(&["flows", "/run/full"]);
    assert_eq!(flows.code, Some(0), "nothing is damaged: {flows:?}");
    assert_eq!(flows.output.lines().count(), 2, "the first packets are there: {flows:?}");
    stage.prints("umount /run/full");
    stage.assert_nothing_is_left();
}

#[test]
fn what_the_kernel_counted_stands_behind_the_last_packet_that_a_full_disk_took() {
    let Some(stage) = Stage::new() else { return };
    stage.prints("mkdir /run/full");
    stage.prints("mount -t tmpfs -o size=200k none /run/full");
    // The one that does not fit leaves room for more than what is written last.
    let script = "for i in 1 2 3 4; do dd bs=60000 count=1 if=/dev/zero > /dev/udp/127.0.0.1/4000; done; \
                  sleep 600";
    let arguments = ["-o", "/run/full", "--label", "full", "--interface", "lo", "--filter", "udp"];
    let finished = stage.run(&[&arguments[..], &["--", "bash", "-c", script]].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.messages.contains(".pcapng ends early: No space left"), "{finished:?}");
    let path = stage.folder.path().join("copy.pcapng");
    stage.prints(&format!("find /run/full -name *.pcapng -exec cp {{}} {} ;", path.display()));
    stage.prints("umount /run/full");
    assert_eq!(packets(&path).len(), 3);
    // A block ends with its length; one of statistics has the type 5.
    let bytes = std::fs::read(&path).unwrap();
    let length = u32::from_ne_bytes(*bytes.last_chunk().unwrap()) as usize;
    assert_eq!(bytes[bytes.len() - length..][..4], 5_u32.to_ne_bytes());
}
