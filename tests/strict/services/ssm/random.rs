//! The parameters of a random stack.

use super::by_hand::PARAMETERS;
use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`PARAMETERS`].
#[derive(Debug)]
struct Parameters(BTreeMap<u8, Parameter>);

#[derive(Debug, Clone)]
struct Parameter {
    /// A text, a list, an encrypted text, or a large one.
    form: u8,
    value: u8,
    is_described: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let parameter = (rarely(4), 0..3_u8, proptest::bool::weighted(0.25));
    let parameter = parameter.prop_map(|(form, value, is_described)| Parameter { form, value, is_described });
    let parameters = btree_map(0..index(PARAMETERS), parameter, 0..=2);
    parameters.prop_map(|parameters| Rc::new(Parameters(parameters)) as Rc<dyn Section>).boxed()
}

impl Section for Parameters {
    fn title(&self) -> &'static str {
        "parameters"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| PARAMETERS[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Parameter { form, value, is_described }): (&u8, &Parameter)| {
            let own = match form {
                0 => format!("value: value-{value}"),
                1 => format!("value: [a, value-{value}]"),
                2 => format!("value: hidden-value-{value}, type: secure-string"),
                _ => format!("value: value-{value}, tier: advanced"),
            };
            let described = is_described.then(|| "description: of the walk".to_owned());
            (PARAMETERS[usize::from(*index)], [own].into_iter().chain(described).collect())
        };
        self.0.iter().map(entry).collect()
    }
}
