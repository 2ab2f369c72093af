"""Small models made by tests: folders of the Llama type with a byte-level tokenizer, and texts that they can read."""

from __future__ import annotations

import json

import numpy as np

from numerics.editing.gram import orthonormal
from numerics.editing.safetensors_file import stored, write_safetensors
from numerics.editing.tokens import bytes_as_letters

WIDTH, HIDDEN, HEADS, GROUPS, HEAD, BLOCKS, VOCABULARY = 16, 24, 4, 2, 4, 3, 256
CONFIG = {
    "model_type": "llama", "hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": HEADS,
    "num_key_value_heads": GROUPS, "num_hidden_layers": BLOCKS, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
    "vocab_size": VOCABULARY, "tie_word_embeddings": True,
}  # fmt: skip


def llama_tensors(seed=0, scale=0.3):
    """Tensors of a Llama folder by name, float32, the head tied to the embedding."""
    generator = np.random.default_rng(seed)

    def draw(*shape):
        return (scale * generator.standard_normal(shape)).astype(np.float32)

    found = {"model.embed_tokens.weight": draw(VOCABULARY, WIDTH), "model.norm.weight": 1 + draw(WIDTH)}
    for block in range(BLOCKS):
        start = f"model.layers.{block}."
        found |= {
            f"{start}input_layernorm.weight": 1 + draw(WIDTH),
            f"{start}post_attention_layernorm.weight": 1 + draw(WIDTH),
            f"{start}self_attn.q_proj.weight": draw(HEADS * HEAD, WIDTH),
            f"{start}self_attn.k_proj.weight": draw(GROUPS * HEAD, WIDTH),
            f"{start}self_attn.v_proj.weight": draw(GROUPS * HEAD, WIDTH),
            f"{start}self_attn.o_proj.weight": draw(WIDTH, HEADS * HEAD),
            f"{start}mlp.gate_proj.weight": draw(HIDDEN, WIDTH),
            f"{start}mlp.up_proj.weight": draw(HIDDEN, WIDTH),
            f"{start}mlp.down_proj.weight": draw(WIDTH, HIDDEN),
        }
    return found


def write_folder(folder, tensors, config=CONFIG, shards=1, kind=None, metadata=None):
    """A model folder, in one file or in shards with an index, with a tokenizer of single bytes."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    pieces = list(bytes_as_letters().values())
    told = {
        "model": {"type": "BPE", "vocab": {piece: place for place, piece in enumerate(pieces)}, "merges": []},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
    }
    (folder / "tokenizer.json").write_text(json.dumps(told))
    written = {name: stored(array, kind) for name, array in tensors.items()}
    if shards == 1:
        write_safetensors(folder / "model.safetensors", written, metadata)
        return folder
    names = list(written)
    places = {}
    for number in range(shards):
        part = {
            name: written[name] for name in names[len(names) * number // shards : len(names) * (number + 1) // shards]
        }
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        write_safetensors(folder / file, part, metadata)
        places |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def spiked(pairs, dimension, strengths, seed=0, mean=0.0):
    """Differences with factors along random orthonormal directions, and those directions."""
    generator = np.random.default_rng(seed)
    basis = orthonormal(generator.standard_normal((len(strengths), dimension)))
    factors = (generator.standard_normal((pairs, len(strengths))) + mean) * np.sqrt(strengths)
    return factors @ basis + generator.standard_normal((pairs, dimension)), basis
