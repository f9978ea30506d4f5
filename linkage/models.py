"""Weights that outlive an epoch.

Tokens of a new epoch agree in exactly the pairs in which the old ones did, so what an agreement is worth stays true. It
would not stay the same: which pairs training samples hangs on the order of pseudonyms, and so on the key. So after a
rotation the same extracts are scored with the weights they had, and everybody keeps her person id.
"""

import hashlib
import json
from collections.abc import Callable, Mapping

import splink

from linkage import facts
from linkage.keyring import epoch_of
from linkage.matching.model import Model, model_from
from linkage.settings import Settings
from linkage.workspace import write_text


def trained(
    settings: Settings, view: str, compared: Mapping[str, bool], mark: str, train: Callable[[], Model]
) -> Model:
    """The weights of a view: of an earlier epoch where that had the very same extracts, else trained now.

    Within an epoch it is always trained anew. Of other extracts nothing is kept. Raises what `train` raises.
    """
    files, epoch, inputs = settings.files.matching, epoch_of(mark), inputs_of(settings, view, compared)
    own = files.lasting_model(view, inputs, epoch)
    folder = own.parent
    earlier = sorted(set(folder.glob(files.lasting_model(view, inputs, "*").name)) - {own})
    if earlier:
        return model_from(earlier[0].read_text(encoding="utf-8"))
    model = train()
    for path in folder.glob(files.lasting_model(view, "*", "*").name):
        path.unlink()
    write_text(model.to_json(), own)
    return model


def inputs_of(settings: Settings, view: str, compared: Mapping[str, bool]) -> str:
    """Sixteen hexadecimal digits of a hash over all that weights hang on, but the key: extracts and declarations."""
    encodings, taken_in = settings.encodings, facts.intake(settings)
    said = {
        "extracts": {
            name: [taken_in[name]["input_sha256"], taken_in[name]["rows_out"], known]
            for name, known in compared.items()
        },
        "identifiers": {name: kind.model_dump(mode="json") for name, kind in encodings.identifiers.items()},
        "version": encodings.version,
        "view": encodings.views[view].model_dump(mode="json", by_alias=True),
        "splink": splink.__version__,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
