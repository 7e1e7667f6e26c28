//! Drift in an account: everything that can be changed of a stack is changed, and everything that an earlier version of it
//! could have left behind exists.

use crate::cloud::Cloud;
use crate::services::Service;

/// An account in which a stack, the only one, was changed wherever it can be, and has left resources behind.
pub(crate) fn drifted(cloud: &Cloud) -> Cloud {
    let mut cloud = cloud.clone();
    Service::ALL.iter().for_each(|service| service.leave_behind(&mut cloud));
    Service::ALL.iter().for_each(|service| service.change_all(&mut cloud));
    cloud
}
