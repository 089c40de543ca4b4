//! How much memory there is for this process: that of the machine, or of a container that has less.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the system tells of groups of processes and their limits.
const GROUPS_OF_SELF: &str = "/proc/self/cgroup";
const GROUPS: &str = "/sys/fs/cgroup";

/// Bytes of memory that this process and all others of its groups may use.
pub fn available_bytes() -> u64 {
    let about = rustix::system::sysinfo();
    let machine = about.totalram * u64::from(about.mem_unit.max(1));
    // Where nothing is told of groups there is none.
    let own = fs::read_to_string(GROUPS_OF_SELF).unwrap_or_default();
    let told = |file: &Path| fs::read_to_string(Path::new(GROUPS).join(file)).ok();
    group_bytes(&own, told).map_or(machine, |bytes| bytes.min(machine))
}

/// The smallest limit of the groups that `own` (as in `/proc/self/cgroup`) names and of those around
/// them, each of which may be told in a file below that of all groups.
fn group_bytes(own: &str, told: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let files = own.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        match controllers {
            // Version 2; beside version 1 it stands one deeper.
            "" => ["", "unified"].map(|root| files_of(root, path, "memory.max")).concat(),
            names if names.split(',').any(|name| name == "memory") => {
                files_of("memory", path, "memory.limit_in_bytes")
            }
            _ => Vec::new(),
        }
    });
    // `max` is none.
    files.filter_map(|file| told(&file)?.trim().parse().ok()).min()
}

/// Files of a group and of those around it. In a container, outer ones may not be there to see.
fn files_of(root: &str, path: &str, file: &str) -> Vec<PathBuf> {
    let inner = Path::new(path.trim_start_matches('/'));
    inner.ancestors().map(|group| Path::new(root).join(group).join(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_smallest_limit_of_own_and_outer_groups_counts() {
        let mut files = HashMap::new();
        let bytes = |files: &HashMap<&str, &str>, own: &str| {
            group_bytes(own, |file| files.get(file.to_str()?).map(|text| (*text).to_owned()))
        };
        assert_eq!(bytes(&files, "0::/a/b\n"), None);
        files.insert("a/b/memory.max", "max\n");
        assert_eq!(bytes(&files, "0::/a/b\n"), None);
        files.insert("a/memory.max", "3000000\n");
        assert_eq!(bytes(&files, "0::/a/b\n"), Some(3_000_000));
        files.insert("a/b/memory.max", "2000000\n");
        assert_eq!(bytes(&files, "0::/a/b\n"), Some(2_000_000));
        assert_eq!(bytes(&files, "0::/\n"), None);
        files.insert("unified/a/b/memory.max", "1500000\n");
        assert_eq!(bytes(&files, "0::/a/b\n"), Some(1_500_000));

        files.insert("memory/memory.limit_in_bytes", "9223372036854771712\n");
        files.insert("memory/docker/x/memory.limit_in_bytes", "1000000\n");
        let old = "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/c\n";
        assert_eq!(bytes(&files, old), Some(1_000_000));
        // A container that sees only itself, at the root.
        files.insert("memory/memory.limit_in_bytes", "4000000\n");
        assert_eq!(bytes(&files, "4:memory:/docker/unseen\n"), Some(4_000_000));
        assert_eq!(bytes(&files, "nonsense\n\n"), None);
    }
}
