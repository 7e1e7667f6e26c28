//! What a new version of a stack may bring for its API.

use crate::service::StackChange;
use provision::kinds::api::section::Cors;

pub(super) const CHANGES: &[(&str, StackChange)] = &[
    ("a route is removed", |stack| {
        stack.api_mut().is_some_and(|api| api.routes.len() > 1 && api.routes.pop().is_some())
    }),
    ("a route leads elsewhere", |stack| {
        let names: Vec<String> = stack.functions().iter().map(|function| function.name.clone()).collect();
        stack.api_mut().and_then(|api| api.routes.first_mut()).is_some_and(|route| {
            let other = names.into_iter().find(|name| *name != route.function);
            other.map(|other| route.function = other).is_some()
        })
    }),
    ("another origin may ask", |stack| {
        stack.api_mut().is_some_and(|api| {
            let origins = vec!["https://new.example.com".to_owned()];
            api.cors = match api.cors.take() {
                Some(cors) => Some(Cors { origins, ..cors }),
                None => Some(Cors {
                    origins,
                    methods: vec!["GET".to_owned()],
                    headers: Vec::new(),
                    expose: Vec::new(),
                    max_age: None,
                    credentials: false,
                }),
            };
            true
        })
    }),
];
