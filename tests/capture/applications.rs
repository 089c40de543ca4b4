//! Real servers of three applications, and what is done with them while it is captured.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;

use super::stage::{SERVER, Stage, no_program};
use crate::cli::run::until;

/// It starts itself anew by its path.
const SHELLS: &str = "/usr/sbin/sshd";
const PROGRAMS: [&str; 6] = [SHELLS, "ssh", "ssh-keygen", "dig", "dnsmasq", "python3"];

/// Bytes of the files that are fetched, and of what goes through secure shells.
const SIZES: [usize; 6] = [900, 8_000, 40_000, 150_000, 700_000, 2_500_000];

#[derive(Clone, Copy, PartialEq)]
pub enum Application {
    Http,
    Ssh,
    Dns,
}

impl Application {
    pub const ALL: [Self; 3] = [Self::Http, Self::Ssh, Self::Dns];

    pub fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::Dns => "dns",
        }
    }

    pub fn port(self) -> u16 {
        match self {
            Self::Http => 8_080,
            Self::Ssh => 22,
            Self::Dns => 53,
        }
    }

    /// A script that makes so many flows, of other sizes and names in each round. Servers are known by
    /// address, so that none of them has to be looked up.
    pub fn load(self, stage: &Stage, round: usize, flows: usize) -> String {
        let line = |number: usize| match self {
            Self::Http => {
                let file = (number + round) % SIZES.len();
                format!("curl -sf -o /dev/null http://{SERVER}:{}/{file}.bin", self.port())
            }
            Self::Ssh => shell(stage, number + round),
            Self::Dns => {
                let kind = ["A", "TXT", "MX", "AAAA"][number % 4];
                let name = "n".repeat(1 + (7 * number + round) % 40);
                format!("dig +tries=1 @{SERVER} {name}.load.test {kind} > /dev/null")
            }
        };
        (0..flows).map(line).collect::<Vec<_>>().join(" && ")
    }
}

/// A command, something large that comes, or something large that goes.
fn shell(stage: &Stage, number: usize) -> String {
    let folder = stage.folder.path().display();
    let bytes = SIZES[number % SIZES.len()];
    let ssh = format!(
        "ssh -F none -i {folder}/key -o UserKnownHostsFile={folder}/known -o BatchMode=yes root@{SERVER}"
    );
    match number % 3 {
        0 => format!("{ssh} true < /dev/null"),
        1 => format!("{ssh} head -c {bytes} /dev/zero < /dev/null > /dev/null"),
        _ => format!("head -c {bytes} /dev/zero | {ssh} 'cat > /dev/null'"),
    }
}

/// Starts all three; `None` where one cannot be, and then says so.
pub fn serve(stage: &Stage) -> Option<()> {
    if let Some(why) = no_program(&PROGRAMS) {
        println!("skipped: {why}");
        return None;
    }
    let folder = stage.folder.path();
    serve_files(stage, folder);
    serve_shells(stage, folder);
    let names = format!(
        "--keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
         --bind-interfaces --listen-address={SERVER} --address=/load.test/192.0.2.1 \
         --mx-host=load.test,mail.load.test,10"
    );
    stage.start_on_server("dnsmasq", &names.split_whitespace().collect::<Vec<_>>());
    for application in Application::ALL {
        until("all servers listen", || {
            let (tell, told) = channel();
            let server = (SERVER, application.port());
            stage.on_machine(move || tell.send(TcpStream::connect(server).is_ok()).unwrap());
            told.recv().unwrap()
        });
    }
    Some(())
}

fn serve_files(stage: &Stage, folder: &Path) {
    let files = folder.join("served");
    std::fs::create_dir(&files).unwrap();
    for (number, bytes) in SIZES.into_iter().enumerate() {
        std::fs::write(files.join(format!("{number}.bin")), vec![b'f'; bytes]).unwrap();
    }
    let port = Application::Http.port().to_string();
    let files = files.to_str().unwrap();
    let words = ["-m", "http.server", "--bind", SERVER, "--directory", files, &port];
    stage.start_on_server("python3", &words);
}

/// Whoever has the key may come.
fn serve_shells(stage: &Stage, folder: &Path) {
    for name in ["host", "key"] {
        let mut generate = Command::new("ssh-keygen");
        generate.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name));
        assert!(generate.status().unwrap().success());
    }
    let host = std::fs::read_to_string(folder.join("host.pub")).unwrap();
    std::fs::write(folder.join("known"), format!("{SERVER} {host}")).unwrap();
    // The folder of the stage is in one that everybody may write to.
    let settings = format!(
        "ListenAddress {SERVER}\nHostKey {0}/host\nAuthorizedKeysFile {0}/key.pub\nStrictModes no\n\
         PermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nPidFile none\n",
        folder.display()
    );
    std::fs::write(folder.join("sshd.conf"), settings).unwrap();
    let script =
        format!("mkdir -p /run/sshd && exec {SHELLS} -D -f {}/sshd.conf", folder.display());
    stage.start_on_server("sh", &["-c", &script]);
}
