//! What values may be: lengths, counts, finite numbers. What must be there is checked in `plan`.

use crate::error::KnowledgeError;
use crate::id::EntityId;
use crate::item::{
    Branch, Contradiction, ContradictionState, Entity, Exception, Fact, Item, Object, Predicate,
    Provenance, Relation, Resolution, Scalar, Validity,
};
use crate::limits::{
    MAX_ABSORBED, MAX_ALIASES, MAX_EVIDENCE, MAX_JUSTIFICATIONS, MAX_NAME_BYTES, MAX_PROPERTIES,
    MAX_TEXT_BYTES,
};

type Checked = Result<(), KnowledgeError>;

fn invalid(what: &'static str, expected: String, found: String) -> Checked {
    Err(KnowledgeError::Invalid { what, expected, found })
}

pub(crate) fn count(what: &'static str, found: usize, limit: usize) -> Checked {
    if found > limit { Err(KnowledgeError::TooMany { what, limit, found }) } else { Ok(()) }
}

pub(crate) fn name(what: &'static str, name: &str) -> Checked {
    if name.len() > MAX_NAME_BYTES {
        let found = format!("{} bytes", name.len());
        return invalid(what, format!("1 to {MAX_NAME_BYTES} bytes"), found);
    }
    if crate::name::normalised(name).is_empty() {
        return invalid(what, "a name".to_string(), format!("{name:?}"));
    }
    Ok(())
}

pub(crate) fn text(what: &'static str, text: &str) -> Checked {
    if text.len() > MAX_TEXT_BYTES {
        let found = format!("{} bytes", text.len());
        return invalid(what, format!("at most {MAX_TEXT_BYTES} bytes"), found);
    }
    Ok(())
}

/// A number from 0 to 1.
pub(crate) fn unit(what: &'static str, value: f32) -> Checked {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    invalid(what, "0 to 1".to_string(), value.to_string())
}

fn scalar(what: &'static str, value: &Scalar) -> Checked {
    match value {
        Scalar::Number(number) if !number.is_finite() => {
            invalid(what, "a finite number".to_string(), number.to_string())
        }
        Scalar::Text(value) => text(what, value),
        _ => Ok(()),
    }
}

fn provenance(value: &Provenance) -> Checked {
    text("source", &value.source)?;
    text("episode", value.episode.as_deref().unwrap_or_default())?;
    unit("confidence of the source", value.confidence)
}

fn validity(value: &Validity) -> Checked {
    match (value.from, value.to) {
        (Some(from), Some(to)) if from >= to => {
            invalid("validity", format!("an end after {from}"), to.to_string())
        }
        _ => Ok(()),
    }
}

fn exception(value: &Exception) -> Checked {
    text("reason", &value.reason)?;
    value.value.as_ref().map_or(Ok(()), |value| scalar("exception", value))
}

pub(crate) fn entity(value: &Entity) -> Checked {
    name("name", &value.name)?;
    name("kind", &value.kind)?;
    count("aliases", value.aliases.len(), MAX_ALIASES)?;
    value.aliases.iter().try_for_each(|alias| name("alias", alias))?;
    count("properties", value.properties.len(), MAX_PROPERTIES)?;
    count("exceptions", value.exceptions.len(), MAX_PROPERTIES)?;
    count("template", value.template.len(), MAX_PROPERTIES)?;
    count("merged entities", value.absorbed.len(), MAX_ABSORBED)?;
    let named = value.properties.keys().chain(value.exceptions.keys()).chain(value.template.keys());
    named.into_iter().try_for_each(|key| name("property", key))?;
    value.properties.values().try_for_each(|value| scalar("property", value))?;
    value.template.values().try_for_each(|value| scalar("template", value))?;
    value.exceptions.values().try_for_each(exception)?;
    provenance(&value.provenance)
}

pub(crate) fn relation(value: &Relation) -> Checked {
    name("kind", &value.kind)?;
    unit("strength", value.strength)?;
    unit("floor", value.floor)?;
    validity(&value.valid)?;
    if value.from == value.to {
        return invalid("relation", "two vertices".to_string(), format!("{:?} twice", value.to));
    }
    provenance(&value.provenance)
}

pub(crate) fn fact(value: &Fact) -> Checked {
    name("predicate", &value.predicate)?;
    if let Object::Literal(literal) = &value.object {
        scalar("object", literal)?;
    }
    validity(&value.valid)?;
    unit("confidence", value.confidence)?;
    count("evidence", value.evidence.len(), MAX_EVIDENCE)?;
    value.evidence.iter().try_for_each(provenance)?;
    count("justifications", value.justifications.len(), MAX_JUSTIFICATIONS)?;
    let each = |facts: &Vec<_>| count("facts of a justification", facts.len(), MAX_JUSTIFICATIONS);
    value.justifications.iter().try_for_each(each)
}

fn predicate(value: &Predicate) -> Checked {
    name("predicate", &value.name)?;
    let inverse = value.laws.inverse_of.as_deref();
    inverse.map_or(Ok(()), |inverse| name("inverse predicate", inverse))
}

pub(crate) fn strategy(value: &Resolution) -> Checked {
    let Resolution::MostReliable(sources) = value else { return Ok(()) };
    count("sources", sources.len(), MAX_PROPERTIES)?;
    sources.iter().try_for_each(|(source, reliability)| {
        text("source", source)?;
        unit("reliability", *reliability)
    })
}

fn contradiction(value: &Contradiction) -> Checked {
    match &value.state {
        ContradictionState::Resolved { strategy: by, .. } => strategy(by),
        _ => Ok(()),
    }
}

fn branch(value: &Branch) -> Checked {
    name("branch", &value.name)
}

pub(crate) fn item(item: &Item) -> Checked {
    match item {
        Item::Entity(value) => entity(value),
        Item::Relation(value) => relation(value),
        Item::Fact(value) => fact(value),
        Item::Predicate(value) => predicate(value),
        Item::Contradiction(value) => contradiction(value),
        Item::Branch(value) => branch(value),
    }
}

/// No two are the same.
pub(crate) fn distinct(what: &'static str, entities: &[EntityId]) -> Checked {
    for (k, entity) in entities.iter().enumerate() {
        if entities.iter().take(k).any(|other| other == entity) {
            return invalid(what, "each once".to_string(), format!("{entity} twice"));
        }
    }
    Ok(())
}
