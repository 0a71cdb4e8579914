//! Learning from a conversation: what was said becomes memories, what it was about becomes
//! entities, and what was said together belongs together from then on (Hebb).

use std::collections::BTreeMap;

use knowledge::{BranchId, Command, EntityId, NewEntity, Provenance, Vertex};
use serde::{Deserialize, Serialize};

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Class, Id, New, Scope};
use crate::plan::By;

/// Messages that are learned at once.
pub const MAX_MESSAGES: usize = 100;
/// The kind of the entities that are made of concepts.
pub(crate) const KIND: &str = "concept";
/// The kind of relation between what was said together.
pub(crate) const TOGETHER: &str = "together";

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who said it: `user`, `assistant`, a name.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// The memories of the messages, in their order.
    pub messages: Vec<Id>,
    /// Memories of decisions.
    pub decisions: Vec<Id>,
    /// Memories of code.
    pub code: Vec<Id>,
    /// What it was about: names, and the entities that stand for them.
    pub concepts: Vec<(String, EntityId)>,
    /// Entities that were not known before.
    pub new_concepts: usize,
    /// Compounds that were formed: concepts that have come together often enough.
    pub compounds: Vec<(String, EntityId)>,
}

impl Memory {
    /// Learns from messages.
    ///
    /// # Errors
    /// [`MemoryError`]; messages before the one that failed are remembered, and learning the same
    /// again remembers them once.
    pub async fn learn(
        &self,
        messages: &[Message],
        scope: &Scope,
        by: &By,
    ) -> Result<Learned, MemoryError> {
        TooLarge::check("messages", "messages", messages.len(), MAX_MESSAGES)?;
        let mut learned = Learned::default();
        let (kinds, mut news): (Vec<Kind>, Vec<New>) =
            messages.iter().flat_map(|message| said(message, scope)).unzip();
        self.embed_all(&mut news).await?;
        for (kind, new) in kinds.into_iter().zip(news) {
            let id = self.store(new, by).await?.item.id;
            match kind {
                Kind::Message => learned.messages.push(id),
                Kind::Decision => learned.decisions.push(id),
                Kind::Code => learned.code.push(id),
            }
        }
        let all = messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>().join("\n");
        let mut vertices = Vec::new();
        for concept in text::concepts(&all) {
            let (entity, new) = self.concept(&concept.name, scope, by).await?;
            learned.new_concepts += usize::from(new);
            learned.concepts.push((concept.name, entity));
            vertices.push(Vertex::Entity(entity));
        }
        if vertices.len() > 1 {
            let connect = Some(TOGETHER.to_owned());
            self.know(Command::Recalled { vertices, connect }, BranchId::MAIN, by).await?;
            learned.compounds = self.form(&learned.concepts, scope, by).await?;
        }
        Ok(learned)
    }

    /// The entity of a name, and whether it is new.
    async fn concept(
        &self,
        name: &str,
        scope: &Scope,
        by: &By,
    ) -> Result<(EntityId, bool), MemoryError> {
        let known = self.knowledge(|k| {
            let view = k.latest(BranchId::MAIN)?;
            Ok(view.by_name(name).first().copied())
        })?;
        if let Some(known) = known {
            return Ok((known, false));
        }
        let episode = scope.run_id.clone();
        let provenance =
            Provenance { source: by.actor.clone(), memory: None, episode, confidence: 1.0 };
        let new = NewEntity {
            name: name.to_owned(),
            kind: KIND.to_owned(),
            aliases: Vec::new(),
            properties: BTreeMap::new(),
            provenance,
        };
        let done = self.know(Command::AddEntity(new), BranchId::MAIN, by).await?;
        match done.item {
            Some(knowledge::ItemId::Entity(id)) => Ok((id, done.created)),
            _ => Err(MemoryError::Closed),
        }
    }
}

/// What a memory of a conversation is.
#[derive(Clone, Copy)]
enum Kind {
    Message,
    Decision,
    Code,
}

/// The memories of a message: what was said, what it decides, the code in it.
fn said(message: &Message, scope: &Scope) -> Vec<(Kind, New)> {
    let new = |text: String, class, tags: Vec<String>| {
        let role = serde_json::Value::from(message.role.as_str());
        let metadata = BTreeMap::from([("role".to_owned(), role)]);
        New { text, class, tags, metadata, scope: scope.clone(), ..New::default() }
    };
    let said = new(message.content.clone(), Class::Episodic, vec!["message".into()]);
    let mut all = vec![(Kind::Message, said)];
    for decision in text::decisions(&message.content) {
        if decision.sentence.trim() != message.content.trim() {
            let tags = vec!["decision".into()];
            let mut new = new(decision.sentence, Class::Semantic, tags);
            let reason = decision.reason.map(|reason| ("reason".to_owned(), reason.into()));
            new.metadata.extend(reason);
            all.push((Kind::Decision, new));
        }
    }
    for code in text::code(&message.content) {
        if code.source.trim().is_empty() {
            continue;
        }
        let language = code.language.map(|l| format!("code:{l}"));
        let tags = ["code".to_owned()].into_iter().chain(language).collect();
        all.push((Kind::Code, new(code.source, Class::Procedural, tags)));
    }
    all
}
