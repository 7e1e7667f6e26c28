//! Kinds behind the registry: the same contract, with JSON in place of each kind's own types.

use super::{
    Companions, Features, Kind, ObservedOf, OnExisting, OnParentDelete, Owned, Parent, ParentKind,
    Permission, Replacement, Tagging, Turn, Update,
};
use crate::aws::{Clients, Context, Error, Result, Service};
use crate::diff::Change;
use crate::error::Failure;
use crate::model::{Graph, Observed, PhysicalId, ResourceId, Text, in_words, name_in_arn};
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::sync::Arc;

/// A kind behind the registry: the same, with JSON in place of the kind's own types.
pub trait AnyKind: Send + Sync {
    /// [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// [`Kind::SERVICE`].
    fn service(&self) -> &'static Service;
    /// [`Kind::IMMUTABLE`].
    fn immutable(&self) -> &'static [&'static str];
    /// [`Kind::immutable_changes`].
    fn immutable_changes(&self, from: &Json, to: &Json) -> Vec<String>;
    /// [`Kind::reassigned`].
    fn reassigned(&self, from: &Json, to: &Json, changes: &[Change]) -> &'static [&'static str];
    /// [`Kind::DEPENDS_ON`].
    fn depends_on(&self) -> &'static [&'static str];
    /// [`Kind::PARENT`].
    fn parent(&self) -> Option<ParentKind>;
    /// [`Kind::NAMED_BY_PARENT`].
    fn named_by_parent(&self) -> bool;
    /// [`Kind::ADMITTED`].
    fn admitted(&self) -> bool;
    /// [`Kind::ON_EXISTING`].
    fn on_existing(&self) -> OnExisting;
    /// [`Kind::REPLACEMENT`].
    fn replacement(&self) -> Replacement;
    /// [`Kind::SENSITIVE`].
    fn sensitive(&self) -> &'static [&'static str];
    /// [`Kind::DATA`].
    fn data(&self) -> Option<&'static str>;
    /// [`Kind::ARN`].
    fn arn(&self) -> &'static str;
    /// [`Kind::SECTION`].
    fn section(&self) -> &'static str;
    /// [`Kind::MAX_CONCURRENCY`].
    fn max_concurrency(&self) -> usize;
    /// [`Kind::MAX_PER_PARENT`].
    fn max_per_parent(&self) -> usize;
    /// [`Kind::PERMISSIONS`].
    fn permissions(&self) -> &'static [Permission];
    /// [`Kind::PHYSICAL_ID`] among attributes; `None` where they lack it.
    fn physical_id<'a>(&self, attributes: &'a Json) -> Option<&'a str>;
    /// [`Kind::TAGGING`].
    fn tagging(&self) -> Option<Tagging>;
    /// [`Kind::OWNED_WITH`].
    fn owned_with(&self) -> &'static [&'static str];
    /// [`Kind::THEIRS_WITH`].
    fn theirs_with(&self) -> &'static [&'static str];
    /// [`Kind::RECREATED_BY_EVENTS`].
    fn recreated_by_events(&self) -> bool;
    /// [`Kind::FEATURES`].
    fn features(&self) -> Features;
    /// What so many resources are called.
    fn noun(&self, count: usize) -> String {
        let nouns = self.features().nouns.map(|nouns| nouns.map(str::to_owned));
        let [one, several] =
            nouns.unwrap_or_else(|| [in_words(self.name()), format!("{}s", in_words(self.name()))]);
        if count == 1 { one } else { several }
    }
    /// A desired spec in canonical form: where nothing is left to resolve, the form in which `observe` would return it.
    ///
    /// # Errors
    /// JSON that is no spec of this kind: it has an unknown field, lacks one, or has one of another type.
    fn normalise(&self, spec: &Json) -> std::result::Result<Json, String>;
    /// [`Kind::observe`].
    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Observed>, Option<String>)>>;
    /// [`Kind::read`].
    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Observed>>>;
    /// [`Kind::find`].
    fn find<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Observed>>>;
    /// [`Kind::existing`].
    fn existing<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Json>>>;
    /// [`Kind::settle`].
    fn settle<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::create`].
    fn create<'a>(&'a self, ctx: &'a Context, id: &'a ResourceId, spec: Json) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::update`].
    fn update<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: Json,
    ) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::update_note`].
    fn update_note(&self, update: &Update) -> Option<String>;
    /// [`Kind::set_value`].
    fn set_value<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        value: &'a str,
    ) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::release`].
    fn release<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: &'a Json,
        turn: Turn,
    ) -> BoxFuture<'a, Result<Option<String>>>;
    /// [`Kind::delete`].
    fn delete<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::verify`].
    fn verify<'a>(
        &'a self,
        ctx: &'a Context,
        id: &'a ResourceId,
        parent: &'a Parent,
        before: &'a Json,
    ) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::inventory`].
    fn inventory<'a>(&'a self, clients: &'a Clients, tagged: Vec<Owned>)
    -> BoxFuture<'a, Result<Vec<Owned>>>;
    /// [`Kind::companions`].
    ///
    /// # Errors
    /// It cannot be adopted as it is.
    fn companions(&self, observed: &Observed, declared: &Graph) -> std::result::Result<Companions, Failure>;
}

/// The registered kinds, each after its parent and what it refers to. The engine is handed this; it names no kind itself.
#[derive(Clone, Copy)]
pub struct Registry(&'static [&'static dyn AnyKind]);

impl Registry {
    /// A registry of kinds.
    pub const fn new(kinds: &'static [&'static dyn AnyKind]) -> Self {
        Registry(kinds)
    }

    /// All kinds.
    pub fn kinds(self) -> &'static [&'static dyn AnyKind] {
        self.0
    }

    /// The kind of a name.
    ///
    /// # Panics
    /// Never for the name of a registered kind, and every id is made from one.
    pub fn kind(self, name: &str) -> &'static dyn AnyKind {
        let found = self.0.iter().find(|kind| kind.name() == name);
        *found.unwrap_or_else(|| panic!("`{name}` is not a registered kind"))
    }

    /// The resource of an ARN that the tagging API shows.
    pub(crate) fn of_arn(self, arn: &str) -> Option<PhysicalId> {
        let of = |kind: &&dyn AnyKind| {
            let id = name_in_arn(kind.arn(), kind.tagging()?.physical_id(arn)?);
            Some(PhysicalId::new(kind.name(), id))
        };
        self.0.iter().find_map(of)
    }

    /// True for a child that is deleted with its parent, without a call.
    pub(crate) fn cascades(self, kind: &str) -> bool {
        self.kind(kind).parent().is_some_and(|parent| parent.on_delete == OnParentDelete::Cascade)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|kind| kind.name())).finish()
    }
}

/// Carries a kind into the registry.
pub(crate) struct Registered<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Registered<K> {
    /// The entry of a kind.
    pub(crate) const NEW: Self = Registered(std::marker::PhantomData);
}

impl<K: Kind> AnyKind for Registered<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn service(&self) -> &'static Service {
        K::SERVICE
    }

    fn immutable(&self) -> &'static [&'static str] {
        K::IMMUTABLE
    }

    fn depends_on(&self) -> &'static [&'static str] {
        K::DEPENDS_ON
    }

    fn immutable_changes(&self, from: &Json, to: &Json) -> Vec<String> {
        let specs = decode(K::NAME, from).ok().zip(decode(K::NAME, to).ok());
        specs.map(|(from, to)| K::immutable_changes(&from, &to)).unwrap_or_default()
    }

    fn reassigned(&self, from: &Json, to: &Json, changes: &[Change]) -> &'static [&'static str] {
        let specs = decode(K::NAME, from).ok().zip(decode(K::NAME, to).ok());
        specs.map(|(from, to)| K::reassigned(&from, &to, changes)).unwrap_or_default()
    }

    fn parent(&self) -> Option<ParentKind> {
        K::PARENT
    }

    fn named_by_parent(&self) -> bool {
        K::NAMED_BY_PARENT
    }

    fn admitted(&self) -> bool {
        K::ADMITTED
    }

    fn on_existing(&self) -> OnExisting {
        K::ON_EXISTING
    }

    fn replacement(&self) -> Replacement {
        K::REPLACEMENT
    }

    fn sensitive(&self) -> &'static [&'static str] {
        K::SENSITIVE
    }

    fn data(&self) -> Option<&'static str> {
        K::DATA
    }

    fn arn(&self) -> &'static str {
        K::ARN
    }

    fn section(&self) -> &'static str {
        K::SECTION
    }

    fn max_concurrency(&self) -> usize {
        K::MAX_CONCURRENCY
    }

    fn max_per_parent(&self) -> usize {
        K::MAX_PER_PARENT
    }

    fn permissions(&self) -> &'static [Permission] {
        K::PERMISSIONS
    }

    fn physical_id<'a>(&self, attributes: &'a Json) -> Option<&'a str> {
        attributes.get(K::PHYSICAL_ID)?.as_str()
    }

    fn tagging(&self) -> Option<Tagging> {
        K::TAGGING
    }

    fn owned_with(&self) -> &'static [&'static str] {
        K::OWNED_WITH
    }
    fn theirs_with(&self) -> &'static [&'static str] {
        K::THEIRS_WITH
    }

    fn recreated_by_events(&self) -> bool {
        K::RECREATED_BY_EVENTS
    }

    fn features(&self) -> Features {
        K::FEATURES
    }

    fn normalise(&self, spec: &Json) -> std::result::Result<Json, String> {
        let spec = K::Spec::<Text>::deserialize(spec).map_err(|error| error.to_string())?;
        serde_json::to_value(&spec).map_err(|error| error.to_string())
    }

    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Observed>, Option<String>)>> {
        Box::pin(async move {
            // A parent that does not exist has no children: no call is needed.
            if K::PARENT.is_some() && parents.is_empty() {
                return Ok((Vec::new(), None));
            }
            let observation = K::observe(ctx, parents).await?;
            let observed = observation.observed.into_iter().map(erase::<K>).collect::<Result<_>>()?;
            Ok((observed, observation.unreadable))
        })
    }

    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Observed>>> {
        Box::pin(async move { K::read(ctx, name, parent).await?.map(erase::<K>).transpose() })
    }

    fn find<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Observed>>> {
        Box::pin(async move { K::find(ctx, physical_id).await?.map(erase::<K>).transpose() })
    }

    fn existing<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Json>>> {
        Box::pin(async move { K::existing(ctx, physical_id).await?.as_ref().map(encode).transpose() })
    }

    fn settle<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::settle(ctx, &restore::<K>(observed)?).await })
    }

    fn create<'a>(&'a self, ctx: &'a Context, id: &'a ResourceId, spec: Json) -> BoxFuture<'a, Result<Json>> {
        Box::pin(async move { encode(&K::create(ctx, id, &decode(K::NAME, &spec)?).await?) })
    }

    fn update<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: Json,
    ) -> BoxFuture<'a, Result<Json>> {
        Box::pin(
            async move { encode(&K::update(ctx, &restore::<K>(observed)?, &decode(K::NAME, &to)?).await?) },
        )
    }

    fn update_note(&self, update: &Update) -> Option<String> {
        let Update { id, from, to, changes, unchanged } = *update;
        let (from, to) = (decode(K::NAME, from).ok()?, decode(K::NAME, to).ok()?);
        K::update_note(&Update { id, from: &from, to: &to, changes, unchanged })
    }

    fn set_value<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        value: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::set_value(ctx, &restore::<K>(observed)?, value).await })
    }

    fn release<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: &'a Json,
        turn: Turn,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let to = decode(K::NAME, to)?;
            K::release(ctx, &restore::<K>(observed)?, &to, turn).await
        })
    }

    fn delete<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::delete(ctx, &restore::<K>(observed)?).await })
    }

    fn verify<'a>(
        &'a self,
        ctx: &'a Context,
        id: &'a ResourceId,
        parent: &'a Parent,
        before: &'a Json,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::verify(ctx, id, parent, &decode(K::NAME, before)?).await })
    }

    fn inventory<'a>(
        &'a self,
        clients: &'a Clients,
        tagged: Vec<Owned>,
    ) -> BoxFuture<'a, Result<Vec<Owned>>> {
        Box::pin(K::inventory(clients, tagged))
    }

    fn companions(&self, observed: &Observed, declared: &Graph) -> std::result::Result<Companions, Failure> {
        K::companions(&restore::<K>(observed)?, declared)
    }
}

/// JSON as a desired spec of a kind, if it is one.
pub(crate) fn desired<K: Kind>(spec: &Json) -> Option<K::Spec<Text>> {
    K::Spec::deserialize(spec).ok()
}

fn erase<K: Kind>(observed: ObservedOf<K>) -> Result<Observed> {
    let (spec, attributes) = (encode(&observed.spec)?, encode(&observed.attributes)?);
    Ok(convert(&observed, spec, Arc::new(attributes)))
}

fn restore<K: Kind>(observed: &Observed) -> Result<ObservedOf<K>> {
    let (spec, attributes) = (decode(K::NAME, &observed.spec)?, decode(K::NAME, &observed.attributes)?);
    Ok(convert(observed, spec, attributes))
}

fn convert<S, L, S2, L2>(observed: &Observed<S, L>, spec: S2, attributes: L2) -> Observed<S2, L2> {
    Observed {
        id: observed.id.clone(),
        physical_id: observed.physical_id.clone(),
        parent: observed.parent.clone(),
        spec,
        attributes,
        owner: observed.owner.clone(),
        status: observed.status.clone(),
        refs: observed.refs.clone(),
        hints: observed.hints.clone(),
        created: observed.created,
        protected: observed.protected,
        contains_data: observed.contains_data.clone(),
        deletion_note: observed.deletion_note.clone(),
        note: observed.note.clone(),
        unmanaged_settings: observed.unmanaged_settings.clone(),
    }
}

fn decode<T: DeserializeOwned>(kind: &str, json: &Json) -> Result<T> {
    T::deserialize(json).map_err(|error| Error::internal(format!("invalid {kind}: {error}")))
}

fn encode<T: Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value).map_err(|error| Error::internal(format!("not valid as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use crate::kinds::kind;
    use serde_json::{Value as Json, json};

    fn api(change: impl Fn(&mut Json)) -> Result<Json, String> {
        let cors = json!({
            "allow_origins": ["*"], "allow_methods": [], "allow_headers": [], "expose_headers": [], "max_age": null,
            "allow_credentials": false,
        });
        let mut spec = json!({
            "name": "shop", "description": "", "protocol": "HTTP", "cors": cors, "execute_api_endpoint": true,
            "tags": {},
        });
        change(&mut spec);
        kind("api").normalise(&spec)
    }

    fn remove(spec: &mut Json, field: &str) {
        spec.as_object_mut().expect("a map").remove(field);
    }

    #[test]
    fn a_spec_has_all_fields_of_its_kind_and_no_others() {
        assert!(api(|_| ()).is_ok());
        let unknown = api(|spec| spec["descripton"] = "x".into()).expect_err("unknown");
        assert!(unknown.starts_with("unknown field `descripton`, expected one of"), "{unknown}");
        let nested = api(|spec| spec["cors"]["age"] = 5.into()).expect_err("unknown");
        assert!(nested.starts_with("unknown field `age`"), "{nested}");
        assert_eq!(api(|spec| remove(spec, "name")), Err("missing field `name`".to_owned()));
        let nested = api(|spec| remove(&mut spec["cors"], "allow_credentials"));
        assert_eq!(nested, Err("missing field `allow_credentials`".to_owned()));
    }

    #[test]
    fn every_kind_denies_unknown_fields() {
        for kind in crate::kinds::kinds() {
            let error = kind.normalise(&json!({ "no_such_field": 1 })).expect_err("unknown");
            assert!(error.starts_with("unknown field `no_such_field`"), "{}: {error}", kind.name());
        }
    }

    #[test]
    fn several_resources_are_called_as_their_kind_says() {
        let nouns = |name: &str| [0, 1, 2].map(|count| kind(name).noun(count));
        assert_eq!(nouns("api"), ["APIs", "API", "APIs"]);
        assert_eq!(nouns("log_group"), ["log groups", "log group", "log groups"]);
    }

    #[test]
    fn the_physical_id_is_the_attribute_that_the_kind_names() {
        let attributes = json!({ "id": "a1", "name": "shop" });
        assert_eq!(kind("api").physical_id(&attributes), Some("a1"));
        assert_eq!(kind("function").physical_id(&attributes), Some("shop"));
        assert_eq!(kind("stage").physical_id(&json!({ "id": "a1" })), None);
    }
}
