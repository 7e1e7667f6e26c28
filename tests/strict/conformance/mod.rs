//! Independent emulators of AWS's control plane: `moto_server` and MiniStack, which other people wrote. They keep
//! the strict cloud honest, for it was written by those who wrote the product, and both could share an error.
//!
//! Two things are compared with each. The flow: every stack of the project comes up, again, is changed and goes down, through
//! the real SDK and the product's own stages, and what each cloud answered to each call, and what the product saw in the end,
//! is compared with the strict cloud. And single requests, good and bad, as each service has them, sent as they are: the
//! SDK would not even send some of them. Where the strict cloud takes its time, it is given that time: how AWS lives between
//! two states is no emulator's subject, and is left to the facts that the strict cloud names.
//!
//! Neither emulator is AWS. MiniStack runs code and stores what it gets, but checks little of it; moto runs nothing, but
//! knows IAM's grammar, whether a role exists, paging, and many a limit. So each disagreement that is known stands with
//! the service, with who is right and why, and AWS's own documentation outranks them all. A disagreement that is not there
//! fails the test, and so does one there that is no more.

mod encode;
mod flow;
mod given;
mod known;
mod ministack;
mod moto;
mod normal;
pub(crate) mod requests;
pub(crate) mod sender;

use flow::Stack;
use sender::Sender;

/// Compares both results of an emulator with the strict cloud's.
async fn compare(emulator: &str, at: &Sender, stacks: &[Stack]) {
    let mut disagreements = requests::disagreements(at).await;
    disagreements.extend(flow::disagreements(at, stacks).await);
    known::compare(&known::of(emulator), &disagreements);
}

fn in_real_time(result: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(result);
}

#[test]
fn moto_agrees_except_where_known() {
    let stacks = flow::stacks();
    in_real_time(async {
        let moto = moto::Moto::start().await;
        compare("moto", &moto.sender(), &stacks).await;
    });
}

#[test]
fn ministack_agrees_except_where_known() {
    let stacks = flow::stacks();
    in_real_time(async {
        let ministack = ministack::MiniStack::start().await;
        compare("ministack", &ministack.sender(), &stacks).await;
    });
}
