use super::stacks::{lowered, stack};
use super::worlds::world_of;
use super::{down, plan, up};
use crate::model::{Graph, World};
use std::time::Instant;
#[test]
fn engine_cost() {
    for n in [300usize, 1000] {
        let mut text = "stack: large\ntables:\n  notes: { partition_key: id }\nfunctions:\n".to_owned();
        for f in 0..n {
            text += &format!("  f{f}: {{ code: code, runtime: python3.13, access: {{ notes: read }} }}\n");
        }
        text += "api:\n  routes:\n";
        for r in 0..300 {
            text += &format!("    GET /r{r}/{{id}}: f{r}\n");
        }
        let t = Instant::now();
        let stack = stack(&text);
        println!("{n}: parse {:?}", t.elapsed());
        let t = Instant::now();
        let (_, graph) = lowered(&stack);
        println!("{n}: lower+wanted {:?} {}", t.elapsed(), graph.resources.len());
        let t = Instant::now();
        let fresh = plan(&graph, &World::default(), &up()).unwrap();
        println!("{n}: plan from nothing {:?}", t.elapsed());
        let t = Instant::now();
        let text = crate::render::plan(&fresh, crate::render::Shown::default());
        println!("{n}: render {:?} {}", t.elapsed(), text.len());
        let world = world_of(&graph);
        let t = Instant::now();
        assert!(plan(&graph, &world, &up()).unwrap().is_empty());
        println!("{n}: plan of nothing to do {:?}", t.elapsed());
        let t = Instant::now();
        let all = plan(&Graph::default(), &world, &down()).unwrap();
        println!("{n}: plan of down {:?} {}", t.elapsed(), all.steps.len());
    }
}
