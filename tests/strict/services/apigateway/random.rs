//! The API of a random stack.

use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

const ROUTES: &[&str] = &[
    "GET /",
    "POST /items",
    "GET /items/{id}",
    "DELETE /items/{id}",
    "ANY /admin/{proxy+}",
    "$default",
    "PUT /items",
];

#[derive(Debug)]
struct Maybe(Option<Api>);

#[derive(Debug, Clone)]
struct Api {
    /// The function of each route, by index into [`ROUTES`].
    routes: BTreeMap<u8, u8>,
    name: bool,
    description: u8,
    cors: u8,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let api = proptest::option::weighted(0.7, api());
    api.prop_map(|api| Rc::new(Maybe(api)) as Rc<dyn Section>).boxed()
}

fn api() -> impl Strategy<Value = Api> {
    let routes = btree_map(0..index(ROUTES), 0_u8..4, 0..=4);
    (routes, proptest::bool::weighted(0.2), rarely(3), rarely(index(CORS)))
        .prop_map(|(routes, name, description, cors)| Api { routes, name, description, cors })
}

const CORS: &[&str] = &[
    "",
    "{ origins: [\"*\"] }",
    "{ origins: [\"https://a.example\", \"https://b.example\"], methods: [GET, POST], max_age: 60 }",
    "{ origins: [\"https://a.example\"], headers: [X-Own, content-type], expose: [X-Own], credentials: true }",
];

impl Section for Maybe {
    fn title(&self) -> &'static str {
        "api"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|_| "api").collect()
    }

    fn write(&self, stack: &RandomStack, text: &mut String) {
        let Some(api) = &self.0 else { return };
        *text += "api:\n";
        let mut line = |line: &str| *text += &format!("  {line}\n");
        line(if api.name { "name: another" } else { "name: walking" });
        match api.description {
            0 => {}
            1 => line("description: Of ${region}"),
            _ => line("description: For all"),
        }
        if api.cors > 0 {
            line(&format!("cors: {}", CORS[usize::from(api.cors)]));
        }
        let functions = stack.names("functions");
        let routes = api.routes.iter().filter(|_| !functions.is_empty());
        let routes: Vec<String> = routes
            .map(|(route, function)| {
                let function = functions[usize::from(*function) % functions.len()];
                format!("  {}: {function}", ROUTES[usize::from(*route)])
            })
            .collect();
        if !routes.is_empty() {
            line("routes:");
            routes.iter().for_each(|route| line(route));
        }
    }
}
