//! What objectives may name, and what is said where they name something else.

use std::collections::BTreeSet;

use crate::domain::{Metric, Objective};

use super::error::nearest;

/// What an objective may name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The steps.
    pub steps: BTreeSet<String>,
    /// The classes.
    pub classes: BTreeSet<String>,
    /// The stages of scenarios.
    pub phases: BTreeSet<String>,
    /// What is taken from the metrics page.
    pub series: BTreeSet<String>,
}

/// The word for a class's turns as a whole, where no step is called so.
const WHOLE_TURN: &str = "turn";

impl Known {
    /// What an objective names that is not there, with the nearest name or all that there are: it would never be looked at.
    pub fn missing(&self, objective: &Objective) -> Option<String> {
        let scope = &objective.scope;
        let step = scope.step.as_deref().filter(|step| !self.steps.contains(*step) && *step != WHOLE_TURN);
        if let Some(step) = step {
            let class = self.classes.contains(step).then(|| format!("; for the class, write `for class {step}`"));
            return Some(lacking("step", step, &self.steps, class));
        }
        let class = scope.class.as_deref().filter(|class| !self.classes.contains(*class));
        if let Some(class) = class {
            return Some(lacking("class", class, &self.classes, None));
        }
        if let Some(phase) = objective.phases().find(|phase| !self.phases.contains(*phase)) {
            return Some(lacking("phase", phase, &self.phases, None));
        }
        let is_metric = |name: &str| self.series.contains(name) || Metric::from_name(name).is_some();
        let metric = objective.metrics().find(|name| !is_metric(name))?;
        let metrics = Metric::all().map(|metric| metric.name().to_owned()).chain(self.series.iter().cloned()).collect();
        let hint = "; a series of the metrics page must be named in [scrape] or with --series".to_owned();
        Some(lacking("metric", metric, &metrics, Some(hint)))
    }
}

fn lacking(kind: &str, name: &str, known: &BTreeSet<String>, hint: Option<String>) -> String {
    let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    let all = || {
        let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "; there is none at all".to_owned() } else { format!("; there are {}", names.join(", ")) }
    };
    format!("there is no {kind} `{name}`{}", near.or(hint).unwrap_or_else(all))
}
