//! Dependency cycles among the nodes of a plan, over all of their edges: parents, references, declared dependencies, order
//! constraints, dependencies between kinds, and the order of deletes. A plan with a cycle could never be finished.

use super::Node;

/// The nodes of a dependency cycle, each before one that it depends on; `None` where there is none.
pub(super) fn find(nodes: &[Node]) -> Option<Vec<usize>> {
    let waits = unfinished(nodes);
    // Every node that cannot be finished depends on another such node, so this path comes back to itself.
    let mut path = vec![waits.iter().position(|waits| *waits > 0)?];
    loop {
        let last = path[path.len() - 1];
        let next = nodes[last].depends_on.iter().copied().find(|before| waits[*before] > 0)?;
        if let Some(start) = path.iter().position(|index| *index == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

/// For each node, how many of those that it depends on can never be finished.
fn unfinished(nodes: &[Node]) -> Vec<usize> {
    let mut waits: Vec<usize> = nodes.iter().map(|node| node.depends_on.len()).collect();
    let mut dependents = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        node.depends_on.iter().for_each(|before| dependents[*before].push(index));
    }
    let mut ready: Vec<usize> = (0..nodes.len()).filter(|index| waits[*index] == 0).collect();
    while let Some(index) = ready.pop() {
        for dependent in &dependents[index] {
            waits[*dependent] -= 1;
            if waits[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    waits
}
