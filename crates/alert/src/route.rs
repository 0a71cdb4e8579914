//! The routing tree: which receiver hears of an alert, in which group, and how often.
//!
//! The written form has the keys of Alertmanager's configuration.
//!
//! Source: Alertmanager 0.28, "Configuration", `<route>`, and `dispatch/route.go`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::labels::{Labels, is_label_name};
use crate::matcher::{Matcher, all_match, shown, sorted};
use crate::span::Span;

/// The most routes of a tree.
pub const MAX_ROUTES: usize = 1000;
/// The deepest tree.
pub const MAX_DEPTH: usize = 16;
/// How long a new group waits for more alerts, unless the route says otherwise.
pub const DEFAULT_GROUP_WAIT: Span = Span::from_seconds(30);
/// How long a group waits before it tells what changed, unless the route says otherwise.
pub const DEFAULT_GROUP_INTERVAL: Span = Span::from_seconds(5 * 60);
/// How long before the same is told again, unless the route says otherwise.
pub const DEFAULT_REPEAT_INTERVAL: Span = Span::from_seconds(4 * 3600);
/// Groups by every label there is.
const ALL_LABELS: &str = "...";

/// A route, as it is written. What it does not say it has from its parent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteConfig {
    /// Who hears of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// The labels that alerts of one group have in common; `...` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Vec<String>>,
    /// Which alerts go this way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matchers: Vec<Matcher>,
    /// Do the routes beside it get a chance too?
    #[serde(rename = "continue", skip_serializing_if = "std::ops::Not::not")]
    pub goes_on: bool,
    /// How long a new group waits for more alerts: [`DEFAULT_GROUP_WAIT`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_wait: Option<Span>,
    /// How long a group waits before it tells what changed: [`DEFAULT_GROUP_INTERVAL`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_interval: Option<Span>,
    /// How long before the same is told again: [`DEFAULT_REPEAT_INTERVAL`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_interval: Option<Span>,
    /// Routes below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteConfig>,
}

/// A route that was checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) receiver: String,
    group_by: Vec<String>,
    by_all: bool,
    matchers: Vec<Matcher>,
    goes_on: bool,
    pub(crate) group_wait: Span,
    pub(crate) group_interval: Span,
    pub(crate) repeat_interval: Span,
    /// The matchers from the root on: `{}/{a="b"}`.
    pub(crate) key: String,
    below: Vec<usize>,
}

impl Route {
    /// The labels that name the group of an alert.
    pub(crate) fn group_labels(&self, labels: &Labels) -> Labels {
        if self.by_all { labels.clone() } else { labels.only(&self.group_by) }
    }
}

/// A tree that was checked; the first route is its root.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// Checks a tree and tells what is wrong with it.
    pub(crate) fn check(
        root: &RouteConfig,
        receivers: &BTreeSet<&str>,
        problems: &mut Vec<String>,
    ) -> Self {
        if root.receiver.is_none() {
            problems.push("route.receiver: expected a receiver, found none".to_owned());
        }
        for (key, is_set) in [("matchers", !root.matchers.is_empty()), ("continue", root.goes_on)] {
            if is_set {
                problems.push(format!("route.{key}: expected none at the root, found one"));
            }
        }
        let mut check = Check { receivers, problems, routes: Vec::new() };
        check.route(root, None, "route", 1);
        Self(check.routes)
    }

    pub(crate) fn get(&self, route: usize) -> Option<&Route> {
        self.0.get(route)
    }

    /// The routes that an alert goes, deepest first match, siblings only where a route goes on.
    pub(crate) fn of(&self, labels: &Labels) -> Vec<usize> {
        self.below(0, labels)
    }

    fn below(&self, route: usize, labels: &Labels) -> Vec<usize> {
        let node = &self.0[route];
        if !all_match(&node.matchers, labels) {
            return Vec::new();
        }
        let mut all = Vec::new();
        for below in &node.below {
            let matched = self.below(*below, labels);
            let stops = !matched.is_empty() && !self.0[*below].goes_on;
            all.extend(matched);
            if stops {
                break;
            }
        }
        if all.is_empty() { vec![route] } else { all }
    }
}

struct Check<'a> {
    receivers: &'a BTreeSet<&'a str>,
    problems: &'a mut Vec<String>,
    routes: Vec<Route>,
}

impl Check<'_> {
    fn route(
        &mut self,
        config: &RouteConfig,
        parent: Option<usize>,
        at: &str,
        depth: usize,
    ) -> Option<usize> {
        if depth > MAX_DEPTH || self.routes.len() >= MAX_ROUTES {
            let most = format!("at most {MAX_ROUTES} routes, {MAX_DEPTH} deep");
            self.problems.push(format!("{at}: expected {most}, found more"));
            return None;
        }
        self.problems(config, at);
        let index = self.routes.len();
        let route = self.inherit(config, parent);
        self.routes.push(route);
        for (n, below) in config.routes.iter().enumerate() {
            let below = self.route(below, Some(index), &format!("{at}.routes[{n}]"), depth + 1)?;
            self.routes[index].below.push(below);
        }
        Some(index)
    }

    fn problems(&mut self, config: &RouteConfig, at: &str) {
        let mut tell = |key: &str, expected: &str, found: &str| {
            self.problems.push(format!("{at}.{key}: expected {expected}, found {found}"));
        };
        if let Some(receiver) = &config.receiver
            && !self.receivers.contains(receiver.as_str())
        {
            tell("receiver", "one of the receivers", receiver);
        }
        for name in config.group_by.iter().flatten() {
            if name != ALL_LABELS && !is_label_name(name) {
                tell("group_by", "names of labels, or ... alone", name);
            }
        }
        let names: BTreeSet<_> = config.group_by.iter().flatten().collect();
        let n_names = config.group_by.iter().flatten().count();
        if names.len() < n_names || (n_names > 1 && names.iter().any(|name| *name == ALL_LABELS)) {
            tell("group_by", "each label once, or ... alone", &format!("{n_names} names"));
        }
        for (key, span) in
            [("group_interval", config.group_interval), ("repeat_interval", config.repeat_interval)]
        {
            if span == Some(Span::ZERO) {
                tell(key, "some time", "none");
            }
        }
    }

    fn inherit(&self, config: &RouteConfig, parent: Option<usize>) -> Route {
        let parent = parent.map(|parent| &self.routes[parent]);
        let span = |own: Option<Span>, of: fn(&Route) -> Span, default| {
            own.or_else(|| parent.map(of)).unwrap_or(default)
        };
        let (group_by, by_all) = match (&config.group_by, parent) {
            (Some(names), _) => (names.clone(), names.iter().any(|name| name == ALL_LABELS)),
            (None, Some(parent)) => (parent.group_by.clone(), parent.by_all),
            (None, None) => (Vec::new(), false),
        };
        let receiver = config.receiver.clone().or_else(|| parent.map(|p| p.receiver.clone()));
        let matchers = sorted(&config.matchers);
        let prefix = parent.map(|parent| format!("{}/", parent.key)).unwrap_or_default();
        Route {
            receiver: receiver.unwrap_or_default(),
            group_by,
            by_all,
            goes_on: config.goes_on,
            group_wait: span(config.group_wait, |p| p.group_wait, DEFAULT_GROUP_WAIT),
            group_interval: span(
                config.group_interval,
                |p| p.group_interval,
                DEFAULT_GROUP_INTERVAL,
            ),
            repeat_interval: span(
                config.repeat_interval,
                |p| p.repeat_interval,
                DEFAULT_REPEAT_INTERVAL,
            ),
            key: prefix + &shown(&matchers),
            matchers,
            below: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> (Routes, Vec<String>) {
        let config: RouteConfig = toml::from_str(text).unwrap();
        let mut problems = Vec::new();
        let receivers = BTreeSet::from(["all", "page", "team", "db"]);
        (Routes::check(&config, &receivers, &mut problems), problems)
    }

    #[test]
    fn alerts_go_their_ways() {
        let (routes, problems) = tree(
            r#"
            receiver = "all"
            group_by = ["alertname"]
            repeat_interval = "1h"
            [[routes]]
            receiver = "page"
            matchers = ['severity="critical"']
            continue = true
            group_wait = "0s"
            [[routes]]
            receiver = "team"
            matchers = ['team=~"a|b"']
            group_by = ["..."]
            [[routes.routes]]
            receiver = "db"
            matchers = ["kind = db", "kind != none"]
            [[routes]]
            matchers = ['severity="critical"']
            "#,
        );
        assert_eq!(problems, [""; 0]);
        let receivers = |labels: &[(&str, &str)]| -> Vec<(String, String)> {
            let of = routes.of(&labels.iter().copied().collect());
            of.iter().map(|r| (routes.0[*r].receiver.clone(), routes.0[*r].key.clone())).collect()
        };
        let pair = |receiver: &str, key: &str| (receiver.to_owned(), key.to_owned());
        assert_eq!(receivers(&[("a", "b")]), [pair("all", "{}")]);
        let page = pair("page", r#"{}/{severity="critical"}"#);
        let again = pair("all", r#"{}/{severity="critical"}"#);
        assert_eq!(receivers(&[("severity", "critical")]), [page.clone(), again]);
        let team = pair("team", r#"{}/{team=~"a|b"}"#);
        assert_eq!(receivers(&[("severity", "critical"), ("team", "b")]), [page, team]);
        let db = pair("db", r#"{}/{team=~"a|b"}/{kind="db",kind!="none"}"#);
        assert_eq!(receivers(&[("team", "a"), ("kind", "db")]), [db]);
        // What a route does not say it has from above.
        let (page, db) = (&routes.0[1], &routes.0[3]);
        assert_eq!((page.group_wait, page.repeat_interval), (Span::ZERO, Span::from_seconds(3600)));
        assert_eq!((db.by_all, db.group_wait), (true, DEFAULT_GROUP_WAIT));
    }

    #[test]
    fn every_problem_is_listed() {
        let (_, problems) = tree(
            r#"
            matchers = ["a=b"]
            continue = true
            group_by = ["a", "..."]
            [[routes]]
            receiver = "nobody"
            group_by = ["a-b"]
            group_interval = "0s"
            "#,
        );
        assert_eq!(
            problems,
            [
                "route.receiver: expected a receiver, found none",
                "route.matchers: expected none at the root, found one",
                "route.continue: expected none at the root, found one",
                "route.group_by: expected each label once, or ... alone, found 2 names",
                "route.routes[0].receiver: expected one of the receivers, found nobody",
                "route.routes[0].group_by: expected names of labels, or ... alone, found a-b",
                "route.routes[0].group_interval: expected some time, found none",
            ]
        );
    }
}
