{% extends 'common_group.cpp' %}
{% block maincode %}
    // The rows keep their own ring of spikes.
{% endblock %}
