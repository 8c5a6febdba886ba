//! The shapes that are held against each other: those that have stopped growing by the end of the run, and those that
//! still grow there. Each is a set of columns over the run's axis from 0 to 1.

/// Whether a shape still grows at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// It is level at the end.
    Stopped,
    /// It rises at the end, but ever slower: whether it stops, the run does not show.
    Slowing,
    /// It rises along a line at the end.
    Growing,
}

/// One shape. Positions and lengths are shares of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// A level.
    Flat,
    /// A straight rise until the knee, then level.
    Plateau { knee: f64 },
    /// A rise that slows like a root until the knee, then level.
    RootPlateau { knee: f64 },
    /// Two straight pieces, then level.
    TwoPiecePlateau { first: f64, knee: f64 },
    /// An exponential approach to a level.
    Saturating { tau: f64 },
    /// A rise that slows like a root and has no level.
    Root,
    /// A logarithmic rise: it slows for ever and has no level.
    Logarithmic { scale: f64 },
    /// A hyperbolic approach to a level.
    Hyperbolic { scale: f64 },
    /// A root that began with the run, where only what lies behind the run's start is seen: this many lengths of it came
    /// before.
    LaterRoot { before: f64 },
    /// A logarithm that began with the run, seen from later on.
    LaterLogarithm { before: f64 },
    /// A straight line.
    Line,
    /// A level, then a straight line.
    Late { onset: f64 },
    /// A straight piece, then another straight line.
    Bend { knee: f64 },
    /// Two straight pieces, then a straight line.
    TwoBends { first: f64, knee: f64 },
    /// An exponential warm-up on top of a straight line.
    SaturatingLine { tau: f64 },
}

/// An exponential approach has stopped when three time constants were seen: a twentieth of its rise is left.
const SEEN: f64 = 1.0 / 3.0;

/// A shape fitted from some point on: what lies before is left out and paid for, one parameter a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The shape.
    pub(super) form: Form,
    /// The share of each life that is left out at its start.
    pub(super) start: f64,
}

impl Form {
    /// Whether it still grows at the end.
    pub(super) fn family(self) -> Family {
        match self {
            Self::Line
            | Self::Late { .. }
            | Self::Bend { .. }
            | Self::TwoBends { .. }
            | Self::SaturatingLine { .. } => Family::Growing,
            Self::Logarithmic { .. } | Self::Root | Self::LaterRoot { .. } | Self::LaterLogarithm { .. } => {
                Family::Slowing
            }
            Self::Saturating { tau } if tau > SEEN => Family::Slowing,
            _ => Family::Stopped,
        }
    }

    /// The parameters besides the columns' coefficients that the fit had to choose. A knee costs a growing shape more,
    /// because it may be put where noise happens to rise.
    pub(super) fn choices(self) -> f64 {
        match self {
            Self::Flat | Self::Line | Self::Root | Self::LaterRoot { .. } | Self::LaterLogarithm { .. } => 0.0,
            Self::Plateau { .. }
            | Self::RootPlateau { .. }
            | Self::Saturating { .. }
            | Self::Logarithmic { .. }
            | Self::Hyperbolic { .. }
            | Self::SaturatingLine { .. } => 1.0,
            Self::TwoPiecePlateau { .. } => 2.0,
            Self::Late { .. } | Self::Bend { .. } => 3.0,
            Self::TwoBends { .. } => 6.0,
        }
    }

    /// Where the last piece begins.
    pub(super) fn last_piece(self) -> f64 {
        match self {
            Self::Plateau { knee }
            | Self::RootPlateau { knee }
            | Self::TwoPiecePlateau { knee, .. }
            | Self::Bend { knee }
            | Self::TwoBends { knee, .. } => knee,
            Self::Late { onset } => onset,
            // Three time constants leave a twentieth of the rise.
            Self::Saturating { tau } | Self::SaturatingLine { tau } => 3.0 * tau,
            Self::Flat
            | Self::Line
            | Self::Root
            | Self::LaterRoot { .. }
            | Self::Logarithmic { .. }
            | Self::LaterLogarithm { .. }
            | Self::Hyperbolic { .. } => 0.0,
        }
    }

    /// The knee behind which it grows, where it has one.
    pub(super) fn knee(self) -> Option<f64> {
        match self {
            Self::Late { onset } => Some(onset),
            Self::Bend { knee } | Self::TwoBends { knee, .. } => Some(knee),
            _ => None,
        }
    }

    /// Where the level at its end begins; 0 where it has none or had it from the start.
    pub(super) fn last_level(self) -> f64 {
        if self.family() == Family::Stopped && !matches!(self, Self::Saturating { .. }) {
            self.last_piece()
        } else {
            0.0
        }
    }

    /// Its columns at these positions; the last column of a growing shape is the one whose coefficient is the slope at
    /// the end.
    pub(super) fn columns(self, positions: &[f64]) -> Vec<Vec<f64>> {
        let column = |value: &dyn Fn(f64) -> f64| positions.iter().map(|&u| value(u)).collect::<Vec<f64>>();
        let piece = |from: f64, to: f64| column(&|u: f64| (u - from).clamp(0.0, to - from));
        let rest = |from: f64| column(&|u: f64| (u - from).max(0.0));
        match self {
            Self::Flat => Vec::new(),
            Self::Plateau { knee } => vec![piece(0.0, knee)],
            Self::RootPlateau { knee } => vec![column(&|u: f64| u.min(knee).max(0.0).sqrt())],
            Self::TwoPiecePlateau { first, knee } => vec![piece(0.0, first), piece(first, knee)],
            Self::Saturating { tau } => vec![column(&|u: f64| -(-u / tau).exp_m1())],
            Self::Logarithmic { scale } => vec![column(&|u: f64| (u / scale).ln_1p())],
            Self::Hyperbolic { scale } => vec![column(&|u: f64| u / (u + scale))],
            Self::Root => vec![column(&|u: f64| u.max(0.0).sqrt())],
            Self::LaterRoot { before } => vec![column(&|u: f64| (u + before).max(0.0).sqrt())],
            Self::LaterLogarithm { before } => vec![column(&|u: f64| (u / before).ln_1p())],
            Self::Line => vec![column(&|u: f64| u)],
            Self::Late { onset } => vec![rest(onset)],
            Self::Bend { knee } => vec![piece(0.0, knee), rest(knee)],
            Self::TwoBends { first, knee } => vec![piece(0.0, first), piece(first, knee), rest(knee)],
            Self::SaturatingLine { tau } => vec![column(&|u: f64| -(-u / tau).exp_m1()), column(&|u: f64| u)],
        }
    }
}

/// Every shape that is tried on readings that have this much of the run before them, in lengths of what is seen.
pub(super) fn candidates(before: f64) -> Vec<Candidate> {
    let mut forms = vec![Form::Flat, Form::Line, Form::Root];
    if before > 0.0 {
        forms.extend([Form::LaterRoot { before }, Form::LaterLogarithm { before }]);
    }
    forms.extend(steps(0.05, 0.8, 0.025).flat_map(|knee| [Form::Plateau { knee }, Form::RootPlateau { knee }]));
    for first in steps(0.04, 0.5, 0.06) {
        forms.extend(steps(first + 0.08, 0.8, 0.06).map(|knee| Form::TwoPiecePlateau { first, knee }));
    }
    // From a warm-up that is over within one block to one that has lost half of its pace by the end; a slower one could
    // not be told from a line.
    forms.extend((0..26).map(|step| Form::Saturating { tau: 0.004 * 1.26_f64.powi(step) }));
    for scale in [0.003, 0.01, 0.03] {
        forms.extend([Form::Logarithmic { scale }, Form::Hyperbolic { scale }]);
    }
    // A growth that begins later than this leaves too few blocks to be told from a last step.
    for knee in steps(0.05, 0.75, 0.025) {
        forms.extend([Form::Late { onset: knee }, Form::Bend { knee }]);
    }
    for first in steps(0.04, 0.4, 0.09) {
        forms.extend(steps(first + 0.1, 0.6, 0.09).map(|knee| Form::TwoBends { first, knee }));
    }
    forms.extend([0.01, 0.02, 0.035, 0.05, 0.07, 0.085].map(|tau| Form::SaturatingLine { tau }));
    let whole = forms.into_iter().map(|form| Candidate { form, start: 0.0 });
    let later = [0.08, 0.15, 0.22, 0.3, 0.4, 0.5].into_iter().flat_map(|start| {
        let plateaus = steps(start + 0.1, 0.8, 0.1).map(|knee| Form::Plateau { knee });
        let slowing = [Form::Logarithmic { scale: 0.03 }, Form::Saturating { tau: 0.5 }, Form::Root];
        [Form::Flat, Form::Line].into_iter().chain(slowing).chain(plateaus).map(move |form| Candidate { form, start })
    });
    whole.chain(later).collect()
}

fn steps(from: f64, to: f64, by: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from) / by + 1e-9).floor().max(-1.0) as i64;
    (0..=count).map(move |step| from + by * step as f64)
}
