"""Which experiments of the zoo stand for the others, where a test takes long."""

from brian2zoo.formats.zoo import Zoo


def kinds(zoo: Zoo) -> list[str]:
    """One experiment of each kind of network; the others differ from one of these in numbers, or in what is plastic."""
    found: dict[str, str] = {}
    for name in zoo.names("experiment"):
        experiment = zoo.experiment(name)
        rules = [zoo.rule(rule).content() for rule in experiment.all_rules]
        for rule in rules:
            for key in ("plastic", "parameters", "keeps", "needs"):
                rule.pop(key, None)
        parts = (experiment.circuit, experiment.synapses, experiment.neurons, experiment.states, rules)
        found.setdefault(repr(parts), name)
    return sorted(found.values())
