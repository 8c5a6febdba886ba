//! What a turn is: the pieces of work that are asked of the server.

/// One kind of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// The plain page.
    Page,
    /// A turn of a session.
    Turn,
    /// A question about a project.
    Question,
    /// A text put to an agent.
    Ask,
    /// An audit.
    Audit,
    /// A classification.
    Classification,
    /// A chat with an agent.
    Chat,
}

impl Work {
    /// All kinds.
    #[cfg(test)]
    pub(super) const ALL: [Self; 7] =
        [Self::Page, Self::Turn, Self::Question, Self::Ask, Self::Audit, Self::Classification, Self::Chat];

    /// Whether the fault `hoard` keeps something of it: not of those that come by the hundred a second, which would take
    /// the machine rather than show a leak.
    pub(super) const fn is_hoarded(self) -> bool {
        !matches!(self, Self::Classification | Self::Chat)
    }
}
