//! The projects that the server holds: at most so many, each seen by its owner only, the longest unused one going first.

use serde::Serialize;

use super::dialogue;
use super::shelf::{Id, Shelf, Sight};

/// Projects held at once.
const PROJECTS: usize = 2048;
/// Topics kept of one project.
const TOPICS: usize = 32;
/// Projects on one page of the list.
pub(super) const PAGE: usize = 20;

/// A project as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ProjectView {
    pub(super) id: Id,
    name: String,
    questions: u64,
    topics: Vec<String>,
}

/// One page of a user's projects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ProjectPage {
    pub(super) projects: Vec<ProjectView>,
    page: usize,
    pages: usize,
    total: usize,
}

#[derive(Debug)]
struct Project {
    /// In the order of creation.
    number: u64,
    owner: String,
    name: String,
    questions: u64,
    topics: Vec<String>,
}

impl Project {
    fn view(&self, id: Id) -> ProjectView {
        ProjectView { id, name: self.name.clone(), questions: self.questions, topics: self.topics.clone() }
    }
}

/// All projects.
#[derive(Debug)]
pub(super) struct Projects {
    by_id: Shelf<Id, Project>,
    created: u64,
    sight: Sight,
}

impl Projects {
    pub(super) fn new(sight: Sight) -> Self {
        Self { by_id: Shelf::new(PROJECTS), created: 0, sight }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn create(&mut self, id: Id, owner: String, name: String) -> ProjectView {
        self.created += 1;
        let project = Project { number: self.created, owner, name, questions: 0, topics: Vec::new() };
        let view = project.view(id);
        self.by_id.insert(id, project);
        view
    }

    fn find(&mut self, id: &str, user: &str) -> Option<(Id, &mut Project)> {
        let (id, sight) = (Id::parse(id)?, self.sight);
        Some((id, self.by_id.use_if(&id, |project| sight.allows(Some(user), Some(&project.owner)))?))
    }

    pub(super) fn view(&mut self, id: &str, user: &str) -> Option<ProjectView> {
        self.find(id, user).map(|(id, project)| project.view(id))
    }

    pub(super) fn rename(&mut self, id: &str, user: &str, name: String) -> Option<ProjectView> {
        let (id, project) = self.find(id, user)?;
        project.name = name;
        Some(project.view(id))
    }

    pub(super) fn remove(&mut self, id: &str, user: &str) -> Option<()> {
        let (id, _) = self.find(id, user)?;
        self.by_id.remove(&id).map(drop)
    }

    /// A page of the user's projects, the oldest first; pages count from 1.
    pub(super) fn page(&self, user: &str, page: usize) -> ProjectPage {
        let mut own: Vec<_> = self.by_id.iter().filter(|(_, project)| project.owner == user).collect();
        own.sort_unstable_by_key(|(_, project)| project.number);
        let (total, first) = (own.len(), page.saturating_sub(1).saturating_mul(PAGE));
        let projects = own.into_iter().skip(first).take(PAGE).map(|(id, project)| project.view(*id)).collect();
        ProjectPage { projects, page, pages: total.div_ceil(PAGE), total }
    }

    /// Asks something about a project, and answers with a question.
    pub(super) fn question(&mut self, id: &str, user: &str, text: &str) -> Option<String> {
        let (_, project) = self.find(id, user)?;
        project.questions += 1;
        let reply = dialogue::reply(text, project.questions);
        for topic in reply.topics {
            if project.topics.len() < TOPICS && !project.topics.contains(&topic) {
                project.topics.push(topic);
            }
        }
        Some(reply.answer)
    }

    /// How far the questions went: topics for each question, from 0 to 1.
    pub(super) fn quality(&mut self, id: &str, user: &str) -> Option<f64> {
        let (_, project) = self.find(id, user)?;
        Some((project.topics.len() as f64 / project.questions.max(1) as f64).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_of_one_user_does_not_exist_for_another() {
        let mut projects = Projects::new(Sight::Own);
        let id = projects.create(Id(1), "ann".into(), "p".into()).id.to_string();
        assert!(projects.view(&id, "bob").is_none() && projects.rename(&id, "bob", "q".into()).is_none());
        assert!(projects.question(&id, "bob", "x").is_none() && projects.quality(&id, "bob").is_none());
        assert!(projects.remove(&id, "bob").is_none());
        assert_eq!((projects.page("bob", 1).total, projects.page("ann", 1).total), (0, 1));
        assert_eq!((projects.remove(&id, "ann"), projects.len()), (Some(()), 0));
    }

    #[test]
    fn lists_are_paged_in_the_order_of_creation() {
        let mut projects = Projects::new(Sight::Own);
        for k in 0..45 {
            projects.create(Id(1000 - k), "ann".into(), k.to_string());
        }
        let names = |page| projects.page("ann", page).projects.into_iter().map(|p| p.name).collect::<Vec<_>>();
        assert_eq!((names(1).len(), names(3)), (PAGE, ["40", "41", "42", "43", "44"].map(String::from).to_vec()));
        assert_eq!((projects.page("ann", 1).pages, names(4).len(), names(usize::MAX).len()), (3, 0, 0));
    }

    #[test]
    fn topics_and_projects_are_bounded() {
        let mut projects = Projects::new(Sight::Own);
        for k in 0..5_000 {
            projects.create(Id(k), "ann".into(), String::new());
        }
        assert_eq!(projects.len(), PROJECTS);
        let id = Id(4_999).to_string();
        for k in 0..100 {
            assert!(projects.question(&id, "ann", &format!("topic{k} other{k}")).is_some());
        }
        assert_eq!(projects.view(&id, "ann").unwrap().topics.len(), TOPICS);
        assert!((projects.quality(&id, "ann").unwrap() - 0.32).abs() < 1e-9);
    }
}
