//! Waves and critical path of large ticket graphs, beside what a user would reach for:
//! `petgraph::algo::toposort`, and a longest-path pass over its order.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use sprint_core::plan::csr::Csr;

/// A graph as planning makes them: each ticket waits for up to three of the thousand before it.
fn edges(nodes: u32) -> Vec<(u32, u32)> {
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut edges = Vec::new();
    for node in 1..nodes {
        for _ in 0..next() % 4 {
            let back = 1 + u32::try_from(next() % 1000).unwrap_or(1);
            edges.push((node, node.saturating_sub(back)));
        }
    }
    edges
}

fn petgraph_levels(graph: &DiGraph<(), (), u32>) -> Vec<u32> {
    let order = toposort(graph, None).unwrap_or_default();
    let mut levels = vec![1u32; graph.node_count()];
    for node in order {
        for next in graph.neighbors(node) {
            levels[next.index()] = levels[next.index()].max(levels[node.index()] + 1);
        }
    }
    levels
}

fn levels(c: &mut Criterion) {
    let mut group = c.benchmark_group("waves");
    group.sample_size(10);
    for nodes in [1_000u32, 100_000, 1_000_000] {
        let edges = edges(nodes);
        group.throughput(Throughput::Elements(nodes.into()));
        let ours = Csr::from_edges(nodes, &edges);
        let Ok(ours) = ours else { continue };
        let mut theirs = DiGraph::<(), (), u32>::default();
        for _ in 0..nodes {
            theirs.add_node(());
        }
        for (ticket, dependency) in &edges {
            theirs.add_edge(
                NodeIndex::new(*dependency as usize),
                NodeIndex::new(*ticket as usize),
                (),
            );
        }
        let known = ours.levels().unwrap_or_default();
        assert_eq!(known, petgraph_levels(&theirs), "both find the same waves");
        group.bench_with_input(BenchmarkId::new("sprint", nodes), &ours, |b, graph| {
            b.iter(|| black_box(graph.levels()));
        });
        group.bench_with_input(BenchmarkId::new("petgraph", nodes), &theirs, |b, graph| {
            b.iter(|| black_box(petgraph_levels(graph)));
        });
        group.bench_with_input(
            BenchmarkId::new("sprint, with build", nodes),
            &edges,
            |b, edges| {
                b.iter(|| black_box(Csr::from_edges(nodes, edges).map(|graph| graph.levels())));
            },
        );
        group.bench_with_input(
            BenchmarkId::new("petgraph, with build", nodes),
            &edges,
            |b, edges| {
                b.iter(|| {
                    let pairs = edges
                        .iter()
                        .map(|(ticket, dependency)| (*dependency, *ticket));
                    black_box(petgraph_levels(&DiGraph::<(), (), u32>::from_edges(pairs)));
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, levels);
criterion_main!(benches);
