//! The machine that the run is made on, for the record's header; asked once.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::domain::run::Host;

/// The host's facts; what cannot be had stays empty or zero.
pub fn host() -> Host {
    let wanted =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted).ok();
    let kernel = rustix::system::uname();
    Host {
        name: kernel.nodename().to_string_lossy().into_owned(),
        kernel: kernel.release().to_string_lossy().into_owned(),
        os: System::long_os_version().unwrap_or_default(),
        cores: system.as_ref().map_or(0, |system| system.cpus().len() as u32),
        memory_bytes: system.as_ref().map_or(0, System::total_memory),
        page_size_bytes: rustix::param::page_size() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_known() {
        let host = host();
        assert!(!host.kernel.is_empty() && host.cores > 0, "{host:?}");
        assert!(host.memory_bytes > 1 << 20 && host.page_size_bytes >= 4096, "{host:?}");
    }
}
