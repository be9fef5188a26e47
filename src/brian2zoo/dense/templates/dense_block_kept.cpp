{# What a step gives to the block of a projection, and after the last operation of the step, how it is taken. #}
    static dense::Block<{{block.scalar}}>& _block = dense::block<{{block.scalar}}>(
        "{{stored}}", {{block.length}}, {{neurons[block.other]}}, {{neurons[block.moving]}},
        {{block.factors|length}}, {{block.kept|length}}, {{block.variables|length}});
    {% for side in sides %}
    {
        {% for n in block.numbers(operation, side) %}
        {{block.scalar}}* __restrict _to_{{n}} = _block.{{'keep' if side == block.moving else 'factor'}}({{n}});
        {% endfor %}
        {% if spikes %}
        {% if spikes != side %}
        if (_arriving.empty())
        {% endif %}
        {
            {% for n, value in block.idle(operation, side) %}
            std::fill_n(_to_{{n}}, {{neurons[side]}}, {{value}});
            {% endfor %}
        }
        if (!_arriving.empty())
        {% endif %}
        {
            // scalar code
            const size_t _vectorisation_idx = -1;
            {{scalar_code[side]|autoindent}}
            {% if spikes == side %}
            for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
            {
                const size_t {{places[side]}} = _arriving[_spike];
            {% else %}
            #pragma GCC ivdep
            for (size_t {{places[side]}} = 0; {{places[side]}} < {{neurons[side]}}; {{places[side]}}++)
            {
            {% endif %}
                const size_t _vectorisation_idx = {{places[side]}};
                {{dense_code(vector_code[side], scalar_code[side])|autoindent}}
                {% for n in block.numbers(operation, side) %}
                _to_{{n}}[{{places[side]}}] = _kept_{{n}};
                {% endfor %}
            }
        }
    }
    {% endfor %}
    {% if last %}
    _block.next([](dense::Block<{{block.scalar}}>& _b, const size_t _steps, const bool _finite, const unsigned _unread)
    {
        typedef {{block.scalar}} scalar;
        const size_t _n = {{neurons[block.moving]}};
        {% for name in block.variables %}
        {% set w = loop.index0 %}
        scalar* _x_{{w}} = brian::{{arrays[name]}}.data();
        if (!(_unread & {{block.mask([name])}}u))
        {
            {% for of in block.shares(name) %}
            scalar* __restrict _share_{{of}} = _b.share({{w}}, {{of}}, {{1 if of == w else 0}});
            {% endfor %}
            for (size_t _step = _steps; _step-- > 0;)
            {
                {% for n in range(block.kept|length) %}
                const scalar* __restrict _kept_{{n}} = _b.kept[{{n}}].data() + _step*_n;
                {% endfor %}
                {% for n in block.factors_of(name) %}
                scalar* __restrict _multiplied_{{n}} = _b.multiplied({{w}}, {{n}}) + _step*_n;
                {% endfor %}
                #pragma GCC ivdep
                for (size_t _c = 0; _c < _n; _c++)
                {
                    {% for of in block.shares(name) %}
                    const scalar _now_{{of}} = _share_{{of}}[_c];
                    {% endfor %}
                    {% for line in block.backwards(name) %}
                    {{line}}
                    {% endfor %}
                }
            }
        }
        {% endfor %}
        bool _from_start = false;
        {% for name in block.variables %}
        _from_start |= !(_unread & {{block.mask([name])}}u) && ({{block.mask_of_start(name)}}u & ~_b.zero);
        {% endfor %}
        if (_from_start)
            for (size_t _row = 0; _row < {{n_rows}}; _row++)
                for (size_t _column = 0; _column < {{n_columns}}; _column++)
                {
                    const size_t _idx = _row*{{n_columns}} + _column;
                    {% for name in block.variables %}
                    const scalar _start_{{loop.index0}} = _x_{{loop.index0}}[_idx];
                    {% endfor %}
                    {% for name in block.variables %}
                    if (!(_unread & {{block.mask([name])}}u))
                        _x_{{loop.index0}}[_idx] = {{block.from_start(name)}};
                    {% endfor %}
                }
        {% for name in block.variables %}
        {% if block.factors_of(name) %}
        if (!(_unread & {{block.mask([name])}}u))
            dense::add_products<scalar, dense::strip_of<scalar>({{n_columns}})>({
                {% for n in block.factors_of(name) %}
                { {% for side in ("pre", "post") %}{{ "" if side == "pre" else ", " }}{{ "_b.factors[%s].data()"|format(n) if side == block.other else "_b.back[%s][%s].data()"|format(block.variables.index(name), n) }}{% endfor %} },
                {% endfor %}
            }, _steps, _finite, _x_{{loop.index0}}, {{n_rows}}, {{n_columns}});
        {% endif %}
        {% endfor %}
    });
    {% endif %}
