//! The secrets of a random stack.

use super::by_hand::SECRETS;
use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`SECRETS`].
#[derive(Debug)]
struct Secrets(BTreeMap<u8, Secret>);

#[derive(Debug, Clone)]
struct Secret {
    /// A text or a mapping.
    form: u8,
    value: u8,
    is_described: bool,
    has_policy: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let secret = (rarely(2), 0..3_u8, proptest::bool::weighted(0.25), proptest::bool::weighted(0.25));
    let secret = secret.prop_map(|(form, value, is_described, has_policy)| Secret {
        form,
        value,
        is_described,
        has_policy,
    });
    let secrets = btree_map(0..index(SECRETS), secret, 0..=1);
    secrets.prop_map(|secrets| Rc::new(Secrets(secrets)) as Rc<dyn Section>).boxed()
}

impl Section for Secrets {
    fn title(&self) -> &'static str {
        "secrets"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| SECRETS[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Secret { form, value, is_described, has_policy }): (&u8, &Secret)| {
            let mut fields = Vec::new();
            // The last one never has a value in the file: a secret that loses it keeps what it has, other than a new one.
            let has_value = usize::from(*index) + 1 < SECRETS.len();
            match form {
                _ if !has_value => {}
                0 => fields.push(format!("value: hidden-secret-{value}")),
                _ => fields.push(format!("value: {{ password: hidden-secret-{value} }}")),
            }
            if *is_described {
                fields.push("description: of the walk".to_owned());
            }
            if *has_policy {
                fields.push(
                    "resource_policy: [{ Effect: Allow, Principal: { AWS: \"210987654321\" }, Action: secretsmanager:GetSecretValue }]"
                        .to_owned(),
                );
            }
            (SECRETS[usize::from(*index)], fields)
        };
        self.0.iter().map(entry).collect()
    }
}
