//! The registry of the services: a line below makes of a module its variant of [`Service`] and its field of the account.

use crate::cloud::Handler;
use crate::service::StrictService;
use std::ops::Deref;

pub(crate) mod apigateway;
pub(crate) mod cloudformation;
pub(crate) mod dynamodb;
pub(crate) mod events;
pub(crate) mod iam;
pub(crate) mod kinesis;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod s3;
pub(crate) mod scheduler;
pub(crate) mod secretsmanager;
pub(crate) mod sns;
pub(crate) mod sqs;
pub(crate) mod ssm;
pub(crate) mod stepfunctions;
pub(crate) mod sts;
pub(crate) mod tagging;

/// Of each service: the module with its `State`, and the type that implements [`StrictService`].
macro_rules! services {
    ($($module:ident: $service:ident,)*) => {
        /// A service in use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Service {
            $($service),*
        }

        impl Service {
            pub(crate) const ALL: &'static [Service] = &[$(Service::$service),*];

            /// The names of the modules, in the same order.
            pub(crate) const MODULES: &'static [&'static str] = &[$(stringify!($module)),*];
        }

        impl Deref for Service {
            type Target = dyn StrictService;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Service::$service => &$module::$service),*
                }
            }
        }

        /// What an account holds of each service.
        #[derive(Debug, Clone, Default)]
        #[allow(dead_code, reason = "a service may hold nothing")]
        pub(crate) struct States {
            $(pub(crate) $module: $module::State),*
        }
    };
}

impl Service {
    /// The prefix of the service's IAM actions, by which its calls are named here too.
    pub(crate) fn name(self) -> &'static str {
        self.facts().name
    }

    /// The service whose calls have this prefix.
    pub(crate) fn of(prefix: &str) -> Option<Self> {
        Service::ALL.iter().copied().find(|service| service.name() == prefix)
    }

    /// The operations that the cloud knows.
    pub(crate) fn operations(self) -> impl Iterator<Item = &'static (&'static str, Handler)> {
        self.facts().operations.iter().copied().flatten()
    }

    /// What an operation does.
    pub(crate) fn handler(self, operation: &str) -> Option<Handler> {
        self.operations().find(|(name, _)| *name == operation).map(|(_, handler)| *handler)
    }
}

// In the order of what depends on what: a random stack is written in it, and what is left behind is made in it.
services! {
    dynamodb: DynamoDb,
    iam: Iam,
    logs: Logs,
    sqs: Sqs,
    events: Events,
    kinesis: Kinesis,
    lambda: Lambda,
    s3: S3,
    scheduler: Scheduler,
    sns: Sns,
    stepfunctions: StepFunctions,
    apigateway: ApiGateway,
    ssm: Ssm,
    secretsmanager: SecretsManager,
    cloudformation: CloudFormation,
    sts: Sts,
    tagging: Tagging,
}
