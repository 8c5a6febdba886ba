//! The addresses of a snapshot, each once, and the module that each belongs to: what both forms of a file are made from.

use crate::snapshot::{Module, Snapshot};

/// Every address of a snapshot's stacks, once, in ascending order.
#[derive(Debug)]
pub(crate) struct Frames {
    addresses: Vec<u64>,
}

impl Frames {
    /// The addresses of this snapshot.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let mut addresses: Vec<u64> = snapshot.sites.iter().flat_map(|site| site.stack.iter().copied()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Self { addresses }
    }

    /// The addresses in order.
    pub(crate) fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// Where an address of the snapshot stands in that order.
    pub(crate) fn position(&self, address: u64) -> usize {
        // Every address of the snapshot is in the list.
        self.addresses.partition_point(|&other| other < address)
    }
}

/// The module that holds an address, and its place in the list; `None` for code that belongs to no file.
pub(crate) fn module_of(modules: &[Module], address: u64) -> Option<(usize, &Module)> {
    modules.iter().enumerate().find(|(_, module)| (module.start..module.end).contains(&address))
}

/// The address as it stands in the module's file.
pub(crate) fn in_file(module: &Module, address: u64) -> u64 {
    address.wrapping_sub(module.bias)
}
