{# What happens to synapses in every step, where they are taken in blocks: what either side gives is kept. #}
{% extends 'common_group.cpp' %}
{% block extra_headers %}
{{ super() }}
#include "dense.h"
#include "blocks.h"
{% endblock %}
{% block maincode %}
{% include 'dense_block_kept.cpp' %}
{% endblock %}
