//! A machine of the test's own: a network namespace with its own /run, and beside it, behind a cable, that of
//! a server. What a capture does to its machine is so done to nobody else's. Both are gone when the stage is.

use crate::cli::run::{Finished, Running, TRACTOR, start_command, until};
use std::cell::RefCell;
use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The machine's address, and the server's.
pub const MACHINE: &str = "198.51.100.1";
pub const SERVER: &str = "198.51.100.2";

const PATIENCE: Duration = Duration::from_secs(30);

/// A process that holds namespaces.
struct Holder(Child);

impl Holder {
    fn new() -> Self {
        let script =
            "mount -t tmpfs none /run && ip link set lo up && echo there && exec sleep 600";
        let mut child = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "there\n");
        Self(child)
    }

    fn process(&self) -> String {
        self.0.id().to_string()
    }

    /// A program in the namespaces.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process(), "--net", "--mount", "--", program]);
        command
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that runs as long as the stage.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Stage {
    machine: Holder,
    /// Before the server's namespaces they end.
    programs: RefCell<Vec<Program>>,
    server: Holder,
    pub folder: TempDir,
}

fn prints(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Why there can be no stage here, if so.
fn what_is_missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("not root".to_owned());
    }
    let allowed = Command::new("unshare").args(["--net", "--mount", "--pid", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return Some("no namespaces can be made".to_owned());
    }
    no_program(&["ip", "nft", "nsenter", "curl", "setpriv"])
}

/// What there is to say of the first of these programs that is not there.
pub fn no_program(names: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| std::env::split_paths(&path).any(|one| one.join(name).exists());
    names.iter().find(|name| !is_there(name)).map(|name| format!("no {name}"))
}

impl Stage {
    /// None where it cannot be, and then says why.
    pub fn new() -> Option<Self> {
        if let Some(why) = what_is_missing() {
            println!("skipped: {why}");
            return None;
        }
        let (machine, server) = (Holder::new(), Holder::new());
        let ip = |holder: &Holder, line: &str| {
            prints(holder.command("ip").args(line.split_whitespace()));
        };
        ip(
            &machine,
            &format!("link add cable type veth peer name cable netns {}", server.process()),
        );
        for (holder, address) in [(&machine, MACHINE), (&server, SERVER)] {
            ip(holder, &format!("address add {address}/24 dev cable"));
            ip(holder, "link set cable up");
        }
        let folder = tempfile::tempdir().unwrap();
        Some(Self { machine, programs: RefCell::default(), server, folder })
    }

    /// Does something on a thread in the machine's network, or the server's.
    pub fn on_machine(&self, work: impl FnOnce() + Send + 'static) {
        enter(&self.machine, work);
    }

    pub fn on_server(&self, work: impl FnOnce() + Send + 'static) {
        enter(&self.server, work);
    }

    /// Starts a program beside the server, which ends with the stage.
    pub fn start_on_server(&self, program: &str, arguments: &[&str]) {
        let mut command = self.server.command(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.programs.borrow_mut().push(Program(command.spawn().unwrap()));
    }

    /// A program on the machine, known for one of this stage whatever it starts.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.machine.command(program);
        command.env("TRACTOR_STAGE", self.folder.path());
        command
    }

    fn tractor(&self) -> Command {
        let mut command = self.command(TRACTOR);
        command.arg("--no-config").env_remove("SUDO_UID");
        command
    }

    /// `tractor capture` into the folder.
    pub fn capture(&self, arguments: &[&str]) -> Command {
        let mut command = self.tractor();
        command.arg("capture");
        if arguments.first() != Some(&"-o") {
            command.arg("--output").arg(self.folder.path());
        }
        command.args(arguments);
        command
    }

    /// Puts a script in the place of nft, which is then in the folder.
    pub fn replace_nft(&self, script: &str) {
        let path = std::env::var_os("PATH").unwrap();
        let mut places = std::env::split_paths(&path).map(|one| one.join("nft"));
        let place = places.find(|one| one.exists()).unwrap();
        std::fs::copy(&place, self.folder.path().join("nft")).unwrap();
        let other = self.folder.path().join("other");
        std::fs::write(&other, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&other, Permissions::from_mode(0o755)).unwrap();
        self.prints(&format!("mount --bind {} {}", other.display(), place.display()));
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        start_command(&mut self.capture(arguments), Stdio::null())
    }

    /// A capture to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish(PATIENCE)
    }

    /// Any command of `tractor` on the machine.
    pub fn tell(&self, arguments: &[&str]) -> Finished {
        let mut command = self.tractor();
        command.args(arguments);
        start_command(&mut command, Stdio::null()).finish(PATIENCE)
    }

    /// The captures in the folder, by name.
    pub fn captures(&self) -> Vec<PathBuf> {
        let names = crate::cli::run::names(self.folder.path()).into_iter();
        names
            .filter(|name| name.ends_with(".pcapng"))
            .map(|name| self.folder.path().join(name))
            .collect()
    }

    /// What a machine prints of itself.
    pub fn prints(&self, line: &str) -> String {
        let mut words = line.split_whitespace();
        prints(self.machine.command(words.next().unwrap()).args(words))
    }

    /// What there is on the machine of captures.
    pub fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let links = self.prints("ip -brief link");
        left.extend(links.lines().filter(|line| line.contains("tractor")).map(str::to_owned));
        left.extend(self.prints("nft list tables").lines().map(str::to_owned));
        let records = self.prints("find /run -name *.*");
        left.extend(records.lines().map(str::to_owned));
        if self.prints("cat /proc/sys/net/ipv4/ip_forward") != "0\n" {
            left.push("ip_forward".to_owned());
        }
        left.extend(self.processes());
        left
    }

    /// Processes of this stage, however they came to be.
    pub fn processes(&self) -> Vec<String> {
        let mark = format!("TRACTOR_STAGE={}\0", self.folder.path().display());
        let is_ours = |path: &Path| {
            let environment = std::fs::read(path.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&mark)
        };
        let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let ours = all.filter(|path| is_ours(path));
        let line =
            |path: PathBuf| std::fs::read_to_string(path.join("cmdline")).unwrap_or_default();
        ours.map(line).map(|line| line.replace('\0', " ")).collect()
    }

    /// Fails when a capture has left anything. The kernel takes a moment for what it removes.
    pub fn assert_nothing_is_left(&self) {
        until("nothing of the captures is left", || {
            let left = self.left();
            left.is_empty() || {
                println!("{left:?}");
                false
            }
        });
    }
}

fn enter(holder: &Holder, work: impl FnOnce() + Send + 'static) {
    let network = File::open(format!("/proc/{}/ns/net", holder.process())).unwrap();
    let (there, is_there) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
        use std::os::fd::AsFd;
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        there.send(()).unwrap();
        work();
    });
    is_there.recv().unwrap();
}
