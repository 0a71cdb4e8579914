//! Collections whose vectors come from an endpoint: who asks it, when, and what is done without it.
//!
//! Storing needs the vector and fails without it, before anything is written. A search that has
//! words as well goes on with them alone, and says so.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::item::{New, Time};
use crate::record::{Encoding, Space};
use crate::search::{Found, Query};

/// Makes vectors of texts for collections whose encoder is an endpoint.
pub trait Endpoint: Send + Sync {
    /// The model's name and the values of its vectors.
    fn model(&self) -> (&str, usize);

    /// The vectors of texts, in their order, each of the model's dimension.
    fn embed<'a>(&'a self, texts: Vec<&'a str>) -> Embedding<'a>;
}

/// Vectors that are being made.
pub type Embedding<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Arc<[f32]>>, EndpointError>> + Send + 'a>>;

/// Why an endpoint gave no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct EndpointError {
    /// What is wrong.
    pub what: String,
    /// Whether asking again later may help.
    pub may_pass: bool,
}

/// Who makes vectors of texts.
#[derive(Clone)]
pub struct Encoders {
    /// The encoder that is built in.
    pub built_in: Arc<text::Encoder>,
    /// The endpoint, where one is configured.
    pub endpoint: Option<Arc<dyn Endpoint>>,
}

impl fmt::Debug for Encoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.as_ref().map(|endpoint| endpoint.model());
        f.debug_struct("Encoders").field("endpoint", &endpoint).finish_non_exhaustive()
    }
}

impl From<Arc<text::Encoder>> for Encoders {
    fn from(built_in: Arc<text::Encoder>) -> Self {
        Self { built_in, endpoint: None }
    }
}

impl Memory {
    /// Finds memories, as [`Memory::search`]; the vector of the question is asked for where the
    /// collection's come from an endpoint. Where there is none, words alone are searched, and
    /// [`Found::words_only`] says why.
    ///
    /// # Errors
    /// As [`Memory::search`], and [`MemoryError::Endpoint`] where words were not to be searched.
    pub async fn find(&self, query: &Query, now: Time) -> Result<Found, MemoryError> {
        query.check()?;
        // A search holds its thread for a while: whoever was ready before goes first.
        tokio::task::yield_now().await;
        let asks = query.vector.is_none() && query.weights.vector > 0.0;
        if !asks || query.text.trim().is_empty() {
            return self.search(query, now);
        }
        match self.vector_by_endpoint(query.collection.as_deref(), &query.text).await {
            Ok(None) => self.search(query, now),
            Ok(Some(vector)) => {
                self.search(&Query { vector: Some(vector.to_vec()), ..query.clone() }, now)
            }
            Err(error @ (MemoryError::Endpoint { .. } | MemoryError::NoEndpoint { .. }))
                if query.weights.text > 0.0 =>
            {
                let found = self.search(query, now)?;
                Ok(Found { words_only: Some(error.to_string()), ..found })
            }
            Err(error) => Err(error),
        }
    }

    /// The vector of a text, where the collection's come from an endpoint.
    ///
    /// # Errors
    /// [`MemoryError::Endpoint`], [`MemoryError::NoEndpoint`], [`MemoryError::Collection`].
    pub(crate) async fn vector_by_endpoint(
        &self,
        collection: Option<&str>,
        text: &str,
    ) -> Result<Option<Arc<[f32]>>, MemoryError> {
        match self.of_endpoint(collection)? {
            None => Ok(None),
            Some(space) => Ok(self.embed(&space, vec![text]).await?.pop()),
        }
    }

    /// Asks for the vectors of every memory that needs one of an endpoint, those of a collection
    /// together; storing them then asks nobody.
    ///
    /// # Errors
    /// [`MemoryError`] of the first that is wrong, before anybody is asked; [`MemoryError::Endpoint`].
    pub async fn embed_all(&self, news: &mut [New]) -> Result<(), MemoryError> {
        let mut wanted: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for (k, new) in news.iter().enumerate() {
            if new.embedding.is_none() && self.of_endpoint(new.collection.as_deref())?.is_some() {
                new.check()?;
                wanted.entry(new.collection.clone()).or_default().push(k);
            }
        }
        for (collection, places) in wanted {
            let Some(space) = self.of_endpoint(collection.as_deref())? else { continue };
            let texts = places.iter().map(|&k| news[k].text.as_str()).collect();
            let vectors = self.embed(&space, texts).await?;
            for (k, vector) in places.into_iter().zip(vectors) {
                news[k].embedding = Some(vector.to_vec());
            }
        }
        Ok(())
    }

    /// The collection, if its vectors come from an endpoint.
    fn of_endpoint(&self, collection: Option<&str>) -> Result<Option<Space>, MemoryError> {
        let state = self.read()?;
        let space = &state.space(collection)?.space;
        Ok(matches!(space.encoder, Encoding::Endpoint(_)).then(|| space.clone()))
    }

    /// The vectors of texts for a collection, each checked against it.
    pub(crate) async fn embed(
        &self,
        space: &Space,
        texts: Vec<&str>,
    ) -> Result<Vec<Arc<[f32]>>, MemoryError> {
        let n = texts.len();
        let endpoint = self.endpoint_of(space)?;
        let failed =
            |error: EndpointError| MemoryError::Endpoint { collection: space.name.clone(), error };
        let vectors = endpoint.embed(texts).await.map_err(failed)?;
        if vectors.len() != n {
            let what = format!("{} vectors, expected {n}", vectors.len());
            return Err(failed(EndpointError { what, may_pass: false }));
        }
        for vector in &vectors {
            crate::plan::check_vector(space, Some(vector))?;
        }
        Ok(vectors)
    }

    /// The endpoint that makes the vectors of a collection.
    pub(crate) fn endpoint_of(&self, space: &Space) -> Result<&Arc<dyn Endpoint>, MemoryError> {
        let configured = self.shared.encoders.endpoint.as_ref();
        let same = |endpoint: &&Arc<dyn Endpoint>| {
            let (model, dimension) = endpoint.model();
            let encoder = Encoding::Endpoint(model.to_owned());
            space.encoder == encoder && space.dimension == dimension
        };
        configured.filter(same).ok_or_else(|| MemoryError::NoEndpoint {
            collection: space.name.clone(),
            expected: match &space.encoder {
                Encoding::Endpoint(model) => format!("{model} of {} values", space.dimension),
                _ => "an endpoint".into(),
            },
            found: configured.map_or_else(
                || "none".into(),
                |endpoint| format!("{} of {} values", endpoint.model().0, endpoint.model().1),
            ),
        })
    }
}
