{% extends 'common_group.cpp' %}
{% block maincode %}
    // The code that follows keeps its own ring of spikes.
{% endblock %}
