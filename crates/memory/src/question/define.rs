//! What something is: its properties, inherited ones too, and the facts and relations that it has.

use knowledge::{EntityId, Origin};

use super::look::Look;
use super::{Finding, MAX_FINDINGS, Role, Told};
use crate::learn::KIND;
use crate::recall::literal;

/// Entities that one question defines.
const MAX_DEFINED: usize = 3;

impl Look<'_> {
    pub(super) fn define(&self, about: &[EntityId]) -> Told {
        if about.is_empty() {
            return Told::unknown("nothing that is known is named");
        }
        let mut told = Told { more: about.len() > MAX_DEFINED, ..Told::default() };
        let mut without: Vec<String> = Vec::new();
        for id in about.iter().take(MAX_DEFINED) {
            let before = told.findings.len();
            told.findings.extend(self.kind(*id));
            told.findings.extend(self.properties(*id));
            told.findings.extend(self.facts(*id));
            if told.findings.len() == before {
                without.push(self.name(*id));
            }
        }
        if !without.is_empty() {
            let names = without.join(", ");
            told.unknown = Some(format!("nothing but the name is known of {names}"));
        }
        told
    }

    /// What kind of thing it is, unless it is only something that was talked about.
    fn kind(&self, id: EntityId) -> Option<Finding> {
        let entity = self.view.entity(id)?.item;
        let said = format!("{} is a {}", entity.name, entity.kind);
        let because = self.stated(id).into_iter().collect();
        (entity.kind != KIND).then(|| Finding {
            role: Role::Property,
            said,
            entities: vec![],
            because,
        })
    }

    fn properties(&self, id: EntityId) -> Vec<Finding> {
        let told = |property: String| {
            let found = self.view.property(id, &property)?;
            let (from, note) = match &found.origin {
                Origin::Own => (id, String::new()),
                Origin::OwnException(why) => (id, format!(" (an exception: {why})")),
                Origin::Inherited(from) => (*from, format!(" (from {})", self.name(*from))),
                Origin::InheritedException(from, why) => {
                    (*from, format!(" (an exception of {}: {why})", self.name(*from)))
                }
            };
            let value = found.value.as_ref().map_or_else(|| "none".into(), literal);
            Some(Finding {
                role: Role::Property,
                said: format!("{} {property}: {value}{note}", self.name(id)),
                entities: if from == id { vec![] } else { vec![self.entity(from)] },
                because: self.stated(from).into_iter().collect(),
            })
        };
        self.property_names(id).into_iter().filter_map(told).collect()
    }

    fn facts(&self, id: EntityId) -> Vec<Finding> {
        let values = self.values(id).into_iter();
        let values = values.map(|(fact, _, _)| (knowledge::links::LinkId::Fact(fact), None));
        let ties = self.ties(id).into_iter().map(|tie| (tie.id, Some(tie.other)));
        let told = |(link, other): (_, Option<EntityId>)| Finding {
            role: Role::Fact,
            said: self.said(link),
            entities: other.map(|other| self.entity(other)).into_iter().collect(),
            because: self.because(link).into_iter().collect(),
        };
        values.chain(ties).take(MAX_FINDINGS + 1).map(told).collect()
    }
}
